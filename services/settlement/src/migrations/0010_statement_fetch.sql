-- Days whose statement a channel is asked for. `expected`: money moved that day by our own books; FALSE for a day that what was
-- booked in the first hour of the next may belong to by the channel's. `unpaid`: what the statement of the day did not pay out.
CREATE TABLE statement_fetch (
    channel TEXT NOT NULL,
    fixmedins_code TEXT NOT NULL,
    stmt_date TEXT NOT NULL,
    expected BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    told TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at_us BIGINT NOT NULL,
    unpaid BIGINT NOT NULL,
    PRIMARY KEY (channel, fixmedins_code, stmt_date)
);
CREATE INDEX statement_fetch_due ON statement_fetch (state, next_at_us);
-- Few among many: what was left unpaid, and lines that wait for a name.
CREATE INDEX statement_fetch_unpaid ON statement_fetch (channel) WHERE unpaid > 0;
CREATE INDEX channel_line_suspended ON channel_line (channel) WHERE state = 'suspended';
