INSERT INTO hold_lines (hold_no, account_id, amount) VALUES (?, ?, ?)
