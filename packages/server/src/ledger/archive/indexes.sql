-- Made when all rows are there: that is faster, and packs them tighter.
CREATE UNIQUE INDEX postings_by_business ON postings (business_id);
CREATE UNIQUE INDEX holds_by_receipt ON holds (receipt_id);
