insert into posting (entry_id, merchant_id, line, account, unit, amount) values
('e1', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -60),
('e1', 'm', 1, 'merchant_available//IRR', 'IRR', 60),
('e2', 'm', 0, 'merchant_available//IRR', 'IRR', -20),
('e2', 'm', 1, 'refunds_in_transit//IRR', 'IRR', 20),
('e3', 'm', 0, 'refunds_in_transit//IRR', 'IRR', -20),
('e3', 'm', 1, 'gateway_clearing/bank/IRR', 'IRR', 20),
('e4', 'm', 0, 'merchant_available//IRR', 'IRR', -5),
('e4', 'm', 1, 'refunds_in_transit//IRR', 'IRR', 5),
('e5', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -60),
('e5', 'm', 1, 'suspense//IRR', 'IRR', 60);

insert into account (key, merchant_id, role, owner, unit, floor, balance) values
('gateway_clearing/bank/IRR', 'm', 'gateway_clearing', 'bank', 'IRR', NULL, -100),
('merchant_available//IRR', 'm', 'merchant_available', '', 'IRR', NULL, 35),
('refunds_in_transit//IRR', 'm', 'refunds_in_transit', '', 'IRR', 0, 5),
('suspense//IRR', 'm', 'suspense', '', 'IRR', 0, 60);

insert into claim (key, kind, merchant_id, subject) values
('r1', 'receipt', 'm', 'p1');

insert into delivery (id, merchant_id, version, state, queue, run_at, endpoint_id, subject, created_at, updated_at, detail, body) values
('d1', 'm', 1, 'due', 'q', 1790000000000000, '', '', -62135596800000000, -62135596800000000, '{}', NULL);

insert into entry (id, merchant_id, rule, subject, at) values
('e1', 'm', 'captured', 'p1', 1790000000000000),
('e2', 'm', 'refund_opened', 'p1', 1790000000000000),
('e3', 'm', 'refunded', 'p1', 1790000000000000),
('e4', 'm', 'refund_opened', 'p1', 1790000000000000),
('e5', 'm', 'late_payment', 'p3', 1790000000000000);

insert into event (seq, merchant_id, noun, subject, trigger, from_state, to_state, actor, note, at) values
(1, 'm', 'invoice', 'i1', 'create', '', 'open', '', '', 1790000000000000),
(10, 'm', 'refund', 'r2', 'create', '', 'processing', '', '', 1790000000000000),
(11, 'm', 'refund', 'r3', 'create', '', 'requested', '', '', 1790000000000000),
(2, 'm', 'payment', 'p1', 'create', '', 'processing', '', '', 1790000000000000),
(3, 'm', 'payment', 'p2', 'create', '', 'waiting', '', '', 1790000000000000),
(4, 'm', 'payment', 'p2', 'start', 'waiting', 'processing', '', '', 1790000000000000),
(5, 'm', 'payment', 'p3', 'create', '', 'processing', '', '', 1790000000000000),
(6, 'm', 'payment', 'p1', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(7, 'm', 'refund', 'r1', 'create', '', 'requested', '', '', 1790000000000000),
(8, 'm', 'refund', 'r1', 'submit', 'requested', 'processing', '', '', 1790000000000000),
(9, 'm', 'refund', 'r1', 'succeed', 'processing', 'succeeded', '', '', 1790000000000000);

insert into invoice (id, merchant_id, version, state, unit, amount, captured, reserved, due_at, created_at, updated_at, detail) values
('i1', 'm', 2, 'open', 'IRR', 100, 40, 40, NULL, -62135596800000000, -62135596800000000, '{}');

insert into payment (id, merchant_id, version, state, invoice_id, unit, amount, refunded, in_return, reserved, check_at, attention, created_at, updated_at, detail) values
('p1', 'm', 2, 'captured', 'i1', 'IRR', 60, 20, 5, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r1"}}'),
('p2', 'm', 1, 'processing', 'i1', 'IRR', 40, 0, 0, 1, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r1"}}'),
('p3', 'm', 1, 'processing', 'i1', 'IRR', 60, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r3"}}');

insert into refund (id, merchant_id, version, state, payment_id, source, unit, amount, check_at, attention, created_at, updated_at, detail) values
('r1', 'm', 1, 'succeeded', 'p1', 'merchant', 'IRR', 20, NULL, '', -62135596800000000, -62135596800000000, '{}'),
('r2', 'm', 1, 'processing', 'p1', 'merchant', 'IRR', 5, NULL, '', -62135596800000000, -62135596800000000, '{}'),
('r3', 'm', 1, 'requested', 'p3', 'suspense', 'IRR', 60, NULL, '', -62135596800000000, -62135596800000000, '{}');

insert into tally (merchant_id, events, invoices) values
('m', 11, 1);

