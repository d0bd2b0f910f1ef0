-- The last statement of every batch. No row under our epoch: another writer has the lane, and the batch must not commit.
UPDATE lanes SET next_seq = ?1, wall_high = ?2 WHERE lane_no = ?3 AND owner_epoch = ?4 AND next_seq = ?5
