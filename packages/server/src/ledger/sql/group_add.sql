INSERT INTO receipt_groups (lane_no, seq_to, seq_from, root, total, signature, signer, signed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
