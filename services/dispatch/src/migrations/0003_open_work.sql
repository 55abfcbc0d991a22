-- Workers look every half second for what is open; what has ended is most of the table.
CREATE INDEX delivery_state ON delivery (state, region);
