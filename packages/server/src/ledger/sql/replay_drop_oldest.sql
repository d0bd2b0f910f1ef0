DELETE FROM replays WHERE replay_no = (SELECT min(replay_no) FROM replays WHERE book_id = ?) RETURNING size
