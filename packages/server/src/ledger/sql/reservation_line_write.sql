-- Writes a line's new amounts, if it is still what was read: the MAC is over all of it.
UPDATE reservation_lines SET spent = ?, held = ?, mac = ? WHERE book_id = ? AND reservation_id = ? AND account_id = ? AND mac = ?
