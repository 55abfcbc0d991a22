-- What an order at the mobile-payment centre is called by is forgotten with its end: of payments that have ended all of them, of a
-- captured one those that its returns have replaced. From here on this goes with the booking.
UPDATE mobile_order SET secret_sealed = '' WHERE EXISTS (
    SELECT 1 FROM payment WHERE payment.payment_id = mobile_order.payment_id
        AND (payment.state IN ('voided', 'expired', 'failed', 'refunded')
            OR payment.state = 'captured' AND payment.msgid <> mobile_order.med_org_ord));
