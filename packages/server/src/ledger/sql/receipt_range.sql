-- The receipts that a run of an account's postings belongs to.
SELECT r.lane_no, r.seq, r.kind, r.source_id, r.source_seq, r.charged, r.source_spent, r.ended_at, r.lines, r.amount, r.response_hash,
  r.attestation_hash, r.detail, h.hold_no, h.hold_id, h.receipt_id, h.call_id, h.attempt, h.mode, h.tenant_hash, h.source_hash,
  h.provider_hash, h.tariff_id, h.created_at, h.request_hash, l.lane_id
FROM (SELECT DISTINCT book_id, ref FROM postings WHERE book_id = ? AND account_id = ? AND seq >= ? AND seq < ?) p
JOIN holds h ON h.book_id = p.book_id AND h.receipt_id = p.ref
JOIN receipts r ON r.lane_no = h.lane_no AND r.seq = h.lane_seq JOIN lanes l ON l.lane_no = r.lane_no
