DELETE FROM receipt_groups WHERE lane_no = ? AND seq_to BETWEEN ? AND ?
