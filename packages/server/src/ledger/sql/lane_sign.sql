UPDATE lanes SET signed_to = ? WHERE lane_no = ?
