insert into posting (entry_id, merchant_id, line, account, unit, amount) values
('e1', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -60),
('e1', 'm', 1, 'merchant_available//IRR', 'IRR', 60),
('e10', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -300),
('e10', 'm', 1, 'customer_wallet/10001/IRR', 'IRR', 300),
('e11', 'm', 0, 'customer_wallet/10001/IRR', 'IRR', -40),
('e11', 'm', 1, 'merchant_pending//IRR', 'IRR', 40),
('e12', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -15),
('e12', 'm', 1, 'merchant_pending//IRR', 'IRR', 15),
('e13', 'm', 0, 'merchant_pending//IRR', 'IRR', -15),
('e13', 'm', 1, 'refunds_in_transit//IRR', 'IRR', 15),
('e14', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -20),
('e14', 'm', 1, 'merchant_pending//IRR', 'IRR', 20),
('e2', 'm', 0, 'merchant_available//IRR', 'IRR', -20),
('e2', 'm', 1, 'refunds_in_transit//IRR', 'IRR', 20),
('e20', 'm', 0, 'customer_wallet/10001/IRR', 'IRR', -30),
('e20', 'm', 1, 'merchant_available//IRR', 'IRR', 30),
('e21', 'm', 0, 'customer_wallet/10001/IRR', 'IRR', -20),
('e21', 'm', 1, 'customer_wallet/10002/IRR', 'IRR', 20),
('e22', 'm', 0, 'customer_wallet/10001/IRR', 'IRR', -100),
('e22', 'm', 1, 'exchange/IRTIRR/IRR', 'IRR', 100),
('e22', 'm', 2, 'exchange/IRTIRR/IRT', 'IRT', -95238),
('e22', 'm', 3, 'customer_wallet/10001/IRT', 'IRT', 95238),
('e23', 'm', 0, 'customer_wallet/10001/IRR', 'IRR', -10),
('e23', 'm', 1, 'payouts_in_transit//IRR', 'IRR', 10),
('e24', 'm', 0, 'customer_wallet/10001/IRR', 'IRR', -10),
('e24', 'm', 1, 'payouts_in_transit//IRR', 'IRR', 10),
('e25', 'm', 0, 'payouts_in_transit//IRR', 'IRR', -8),
('e25', 'm', 1, 'gateway_clearing/TRX/IRR', 'IRR', 8),
('e26', 'm', 0, 'payouts_in_transit//IRR', 'IRR', -2),
('e26', 'm', 1, 'fees/TRX/IRR', 'IRR', 2),
('e27', 'm', 0, 'customer_wallet/10001/IRR', 'IRR', -10),
('e27', 'm', 1, 'payouts_in_transit//IRR', 'IRR', 10),
('e28', 'm', 0, 'payouts_in_transit//IRR', 'IRR', -10),
('e28', 'm', 1, 'customer_wallet/10001/IRR', 'IRR', 10),
('e3', 'm', 0, 'refunds_in_transit//IRR', 'IRR', -20),
('e3', 'm', 1, 'gateway_clearing/bank/IRR', 'IRR', 20),
('e4', 'm', 0, 'merchant_available//IRR', 'IRR', -5),
('e4', 'm', 1, 'refunds_in_transit//IRR', 'IRR', 5),
('e5', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -60),
('e5', 'm', 1, 'suspense//IRR', 'IRR', 60);

insert into account (key, merchant_id, role, owner, unit, floor, balance) values
('customer_wallet/10001/IRR', 'm', 'customer_wallet', '10001', 'IRR', 0, 90),
('customer_wallet/10001/IRT', 'm', 'customer_wallet', '10001', 'IRT', 0, 95238),
('customer_wallet/10002/IRR', 'm', 'customer_wallet', '10002', 'IRR', 0, 20),
('exchange/IRTIRR/IRR', 'm', 'exchange', 'IRTIRR', 'IRR', NULL, 100),
('exchange/IRTIRR/IRT', 'm', 'exchange', 'IRTIRR', 'IRT', NULL, -95238),
('fees/TRX/IRR', 'm', 'fees', 'TRX', 'IRR', NULL, 2),
('gateway_clearing/TRX/IRR', 'm', 'gateway_clearing', 'TRX', 'IRR', NULL, 8),
('gateway_clearing/bank/IRR', 'm', 'gateway_clearing', 'bank', 'IRR', NULL, -435),
('merchant_available//IRR', 'm', 'merchant_available', '', 'IRR', NULL, 65),
('merchant_pending//IRR', 'm', 'merchant_pending', '', 'IRR', 0, 60),
('payouts_in_transit//IRR', 'm', 'payouts_in_transit', '', 'IRR', 0, 10),
('refunds_in_transit//IRR', 'm', 'refunds_in_transit', '', 'IRR', 0, 20),
('suspense//IRR', 'm', 'suspense', '', 'IRR', 0, 60);

insert into claim (key, kind, merchant_id, subject) values
('r1', 'receipt', 'm', 'p1');

insert into customer (id, merchant_id, version, state, number, created_at, updated_at, detail) values
('10001', 'm', 1, 'active', 10001, -62135596800000000, -62135596800000000, '{}'),
('10002', 'm', 1, 'blocked', 10002, -62135596800000000, -62135596800000000, '{}');

insert into delivery (id, merchant_id, version, state, queue, run_at, endpoint_id, subject, created_at, updated_at, detail, body) values
('d1', 'm', 1, 'due', 'q', 1790000000000000, '', '', -62135596800000000, -62135596800000000, '{}', NULL);

insert into entry (id, merchant_id, rule, subject, at) values
('e1', 'm', 'captured', 'p1', 1790000000000000),
('e10', 'm', 'deposited', 'p5', 1790000000000000),
('e11', 'm', 'wallet_held', 'p6', 1790000000000000),
('e12', 'm', 'held', 'p7', 1790000000000000),
('e13', 'm', 'rejected', 'r7', 1790000000000000),
('e14', 'm', 'held', 'p8', 1790000000000000),
('e2', 'm', 'refund_opened', 'p1', 1790000000000000),
('e20', 'm', 'transferred', 't1', 1790000000000000),
('e21', 'm', 'transferred', 't2', 1790000000000000),
('e22', 'm', 'exchanged', 'x1', 1790000000000000),
('e23', 'm', 'payout_held', 'o1', 1790000000000000),
('e24', 'm', 'payout_held', 'o2', 1790000000000000),
('e25', 'm', 'payout_paid', 'o2', 1790000000000000),
('e26', 'm', 'payout_fee', 'o2', 1790000000000000),
('e27', 'm', 'payout_held', 'o3', 1790000000000000),
('e28', 'm', 'payout_released', 'o3', 1790000000000000),
('e3', 'm', 'refunded', 'p1', 1790000000000000),
('e4', 'm', 'refund_opened', 'p1', 1790000000000000),
('e5', 'm', 'late_payment', 'p3', 1790000000000000);

insert into event (seq, merchant_id, noun, subject, trigger, from_state, to_state, actor, note, at) values
(1, 'm', 'invoice', 'i1', 'create', '', 'open', '', '', 1790000000000000),
(10, 'm', 'refund', 'r2', 'create', '', 'processing', '', '', 1790000000000000),
(11, 'm', 'refund', 'r3', 'create', '', 'requested', '', '', 1790000000000000),
(12, 'm', 'customer', '10001', 'create', '', 'active', '', '', 1790000000000000),
(13, 'm', 'customer', '10002', 'create', '', 'active', '', '', 1790000000000000),
(14, 'm', 'customer', '10002', 'block', 'active', 'blocked', '', '', 1790000000000000),
(15, 'm', 'invoice', 'i5', 'create', '', 'open', '', '', 1790000000000000),
(16, 'm', 'invoice', 'i5', 'pay', 'open', 'paid', '', '', 1790000000000000),
(17, 'm', 'invoice', 'i5', 'complete', 'paid', 'completed', '', '', 1790000000000000),
(18, 'm', 'invoice', 'i6', 'create', '', 'open', '', '', 1790000000000000),
(19, 'm', 'invoice', 'i6', 'pay', 'open', 'paid', '', '', 1790000000000000),
(2, 'm', 'payment', 'p1', 'create', '', 'processing', '', '', 1790000000000000),
(20, 'm', 'invoice', 'i7', 'create', '', 'open', '', '', 1790000000000000),
(21, 'm', 'invoice', 'i7', 'pay', 'open', 'paid', '', '', 1790000000000000),
(22, 'm', 'invoice', 'i7', 'reject', 'paid', 'rejected', '', '', 1790000000000000),
(23, 'm', 'invoice', 'i8', 'create', '', 'open', '', '', 1790000000000000),
(24, 'm', 'refund', 'r7', 'create', '', 'processing', '', '', 1790000000000000),
(25, 'm', 'payment', 'p5', 'create', '', 'processing', '', '', 1790000000000000),
(26, 'm', 'payment', 'p5', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(27, 'm', 'payment', 'p6', 'create', '', 'processing', '', '', 1790000000000000),
(28, 'm', 'payment', 'p6', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(29, 'm', 'payment', 'p7', 'create', '', 'processing', '', '', 1790000000000000),
(3, 'm', 'payment', 'p2', 'create', '', 'waiting', '', '', 1790000000000000),
(30, 'm', 'payment', 'p7', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(31, 'm', 'payment', 'p8', 'create', '', 'processing', '', '', 1790000000000000),
(32, 'm', 'payment', 'p8', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(33, 'm', 'market', 'IRTIRR', 'create', '', 'set', '', '', 1790000000000000),
(34, 'm', 'market', 'IRTIRR', 'set', 'set', 'set', '', '', 1790000000000000),
(35, 'm', 'exchange', 'x1', 'create', '', 'completed', '', '', 1790000000000000),
(36, 'm', 'transfer', 't1', 'create', '', 'completed', '', '', 1790000000000000),
(37, 'm', 'transfer', 't2', 'create', '', 'completed', '', '', 1790000000000000),
(38, 'm', 'payout', 'o1', 'create', '', 'requested', '', '', 1790000000000000),
(39, 'm', 'payout', 'o2', 'create', '', 'requested', '', '', 1790000000000000),
(4, 'm', 'payment', 'p2', 'start', 'waiting', 'processing', '', '', 1790000000000000),
(40, 'm', 'payout', 'o2', 'approve', 'requested', 'approved', '', '', 1790000000000000),
(41, 'm', 'payout', 'o2', 'submit', 'approved', 'processing', '', '', 1790000000000000),
(42, 'm', 'payout', 'o2', 'confirm', 'processing', 'paid', '', '', 1790000000000000),
(43, 'm', 'payout', 'o3', 'create', '', 'requested', '', '', 1790000000000000),
(44, 'm', 'payout', 'o3', 'reject', 'requested', 'rejected', '', '', 1790000000000000),
(5, 'm', 'payment', 'p3', 'create', '', 'processing', '', '', 1790000000000000),
(6, 'm', 'payment', 'p1', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(7, 'm', 'refund', 'r1', 'create', '', 'requested', '', '', 1790000000000000),
(8, 'm', 'refund', 'r1', 'submit', 'requested', 'processing', '', '', 1790000000000000),
(9, 'm', 'refund', 'r1', 'succeed', 'processing', 'succeeded', '', '', 1790000000000000);

insert into exchange (id, merchant_id, version, account, created_at, detail) values
('x1', 'm', 1, 10001, -62135596800000000, '{"spent":{"steps":100,"unit":"IRR"},"got":{"steps":95238,"unit":"IRT"},"market":"IRTIRR","side":"buy","rate":"10.5"}');

insert into invoice (id, merchant_id, version, state, unit, amount, captured, reserved, due_at, created_at, updated_at, detail, number, terminal, verify_by, account) values
('i1', 'm', 2, 'open', 'IRR', 100, 40, 40, NULL, -62135596800000000, -62135596800000000, '{}', 1, 0, NULL, 0),
('i5', 'm', 1, 'completed', 'IRR', 300, 300, 0, NULL, -62135596800000000, -62135596800000000, '{}', 2, 0, NULL, 10001),
('i6', 'm', 1, 'paid', 'IRR', 40, 40, 0, NULL, -62135596800000000, -62135596800000000, '{"verify_in":3600000000}', 3, 1001, 1790000000000000, 0),
('i7', 'm', 1, 'rejected', 'IRR', 15, 15, 0, NULL, -62135596800000000, -62135596800000000, '{"verify_in":3600000000}', 4, 1001, NULL, 0),
('i8', 'm', 1, 'open', 'IRR', 50, 20, 0, NULL, -62135596800000000, -62135596800000000, '{"verify_in":3600000000}', 5, 1001, NULL, 0);

insert into market (id, merchant_id, version, created_at, detail) values
('IRTIRR', 'm', 1, -62135596800000000, '{"base":"IRT","quote":"IRR","buy":"10.5","sell":"9.5"}');

insert into payment (id, merchant_id, version, state, invoice_id, unit, amount, refunded, in_return, reserved, check_at, attention, created_at, updated_at, detail) values
('p1', 'm', 2, 'captured', 'i1', 'IRR', 60, 20, 5, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r1"}}'),
('p2', 'm', 1, 'processing', 'i1', 'IRR', 40, 0, 0, 1, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r1"}}'),
('p3', 'm', 1, 'processing', 'i1', 'IRR', 60, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r3"}}'),
('p5', 'm', 1, 'captured', 'i5', 'IRR', 300, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"rp5"}}'),
('p6', 'm', 1, 'captured', 'i6', 'IRR', 40, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"wallet":10001}'),
('p7', 'm', 1, 'captured', 'i7', 'IRR', 15, 0, 15, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"rp7"}}'),
('p8', 'm', 1, 'captured', 'i8', 'IRR', 20, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"rp8"}}');

insert into payout (id, merchant_id, version, state, account, unit, amount, fee, created_at, updated_at, detail) values
('o1', 'm', 1, 'requested', 10001, 'IRR', 10, 2, -62135596800000000, -62135596800000000, '{"rail":"TRX"}'),
('o2', 'm', 1, 'paid', 10001, 'IRR', 10, 2, -62135596800000000, -62135596800000000, '{"rail":"TRX"}'),
('o3', 'm', 1, 'rejected', 10001, 'IRR', 10, 2, -62135596800000000, -62135596800000000, '{"rail":"TRX"}');

insert into refund (id, merchant_id, version, state, payment_id, source, unit, amount, check_at, attention, created_at, updated_at, detail) values
('r1', 'm', 1, 'succeeded', 'p1', 'merchant', 'IRR', 20, NULL, '', -62135596800000000, -62135596800000000, '{}'),
('r2', 'm', 1, 'processing', 'p1', 'merchant', 'IRR', 5, NULL, '', -62135596800000000, -62135596800000000, '{}'),
('r3', 'm', 1, 'requested', 'p3', 'suspense', 'IRR', 60, NULL, '', -62135596800000000, -62135596800000000, '{}'),
('r7', 'm', 1, 'processing', 'p7', 'owed', 'IRR', 15, NULL, '', -62135596800000000, -62135596800000000, '{}');

insert into tally (merchant_id, events, invoices) values
('m', 44, 5);

insert into transfer (id, merchant_id, version, sender, receiver, unit, amount, created_at, detail) values
('t1', 'm', 1, 10001, 10000, 'IRR', 30, -62135596800000000, '{}'),
('t2', 'm', 1, 10001, 10002, 'IRR', 20, -62135596800000000, '{}');

