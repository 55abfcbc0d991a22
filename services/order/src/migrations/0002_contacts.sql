-- The worker that forgets contacts looks for what is old and still has one.
CREATE INDEX purchase_order_contact ON purchase_order (region, created_at_us)
    WHERE door <> '' OR collection_code <> '' OR hand_over_code <> '' OR return_note <> '';
