UPDATE holds SET state = ?, ended_at = ?, lane_no = ?, lane_seq = ? WHERE hold_no = ? AND hold_id = ? AND epoch_id = ? AND state = 'open'
