insert into posting (entry_id, merchant_id, line, account, unit, amount) values
('e1', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -60),
('e1', 'm', 1, 'merchant_available//IRR', 'IRR', 60),
('e10', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -300),
('e10', 'm', 1, 'customer_wallet/10001/IRR', 'IRR', 300),
('e100', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -100),
('e100', 'm', 1, 'merchant_available//IRR', 'IRR', 100),
('e101', 'm', 0, 'merchant_bank//IRR', 'IRR', -96),
('e101', 'm', 1, 'gateway_clearing/bank/IRR', 'IRR', 96),
('e102', 'm', 0, 'fees/bank/IRR', 'IRR', -4),
('e102', 'm', 1, 'gateway_clearing/bank/IRR', 'IRR', 4),
('e11', 'm', 0, 'customer_wallet/10001/IRR', 'IRR', -40),
('e11', 'm', 1, 'merchant_pending//IRR', 'IRR', 40),
('e110', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -3),
('e110', 'm', 1, 'merchant_available//IRR', 'IRR', 3),
('e111', 'm', 0, 'fees/bank/IRR', 'IRR', -3),
('e111', 'm', 1, 'gateway_clearing/bank/IRR', 'IRR', 3),
('e12', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -15),
('e12', 'm', 1, 'merchant_pending//IRR', 'IRR', 15),
('e120', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -20),
('e120', 'm', 1, 'merchant_available//IRR', 'IRR', 20),
('e121', 'm', 0, 'merchant_bank//IRR', 'IRR', -20),
('e121', 'm', 1, 'gateway_clearing/bank/IRR', 'IRR', 20),
('e122', 'm', 0, 'merchant_available//IRR', 'IRR', -20),
('e122', 'm', 1, 'refunds_in_transit//IRR', 'IRR', 20),
('e123', 'm', 0, 'refunds_in_transit//IRR', 'IRR', -20),
('e123', 'm', 1, 'gateway_clearing/bank/IRR', 'IRR', 20),
('e124', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -20),
('e124', 'm', 1, 'merchant_bank//IRR', 'IRR', 20),
('e13', 'm', 0, 'merchant_pending//IRR', 'IRR', -15),
('e13', 'm', 1, 'refunds_in_transit//IRR', 'IRR', 15),
('e14', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -20),
('e14', 'm', 1, 'merchant_pending//IRR', 'IRR', 20),
('e190', 'm', 0, 'gateway_clearing/TRX/IRR', 'IRR', -100),
('e190', 'm', 1, 'trader/tr1/IRR', 'IRR', 100),
('e191', 'm', 0, 'trader/tr1/IRR', 'IRR', -30),
('e191', 'm', 1, 'deals_held//IRR', 'IRR', 30),
('e192', 'm', 0, 'trader/tr1/IRR', 'IRR', -30),
('e192', 'm', 1, 'deals_held//IRR', 'IRR', 30),
('e193', 'm', 0, 'deals_held//IRR', 'IRR', -30),
('e193', 'm', 1, 'trader/tr1/IRR', 'IRR', 30),
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
('e5', 'm', 1, 'suspense//IRR', 'IRR', 60),
('e90', 'm', 0, 'gateway_hold/bank/IRR', 'IRR', -50),
('e90', 'm', 1, 'merchant_held//IRR', 'IRR', 50),
('e91', 'm', 0, 'merchant_held//IRR', 'IRR', -15),
('e91', 'm', 1, 'gateway_hold/bank/IRR', 'IRR', 15);

insert into account (key, merchant_id, role, owner, unit, floor, balance) values
('customer_wallet/10001/IRR', 'm', 'customer_wallet', '10001', 'IRR', 0, 90),
('customer_wallet/10001/IRT', 'm', 'customer_wallet', '10001', 'IRT', 0, 95238),
('customer_wallet/10002/IRR', 'm', 'customer_wallet', '10002', 'IRR', 0, 20),
('deals_held//IRR', 'm', 'deals_held', '', 'IRR', 0, 30),
('exchange/IRTIRR/IRR', 'm', 'exchange', 'IRTIRR', 'IRR', NULL, 100),
('exchange/IRTIRR/IRT', 'm', 'exchange', 'IRTIRR', 'IRT', NULL, -95238),
('fees/TRX/IRR', 'm', 'fees', 'TRX', 'IRR', NULL, 2),
('fees/bank/IRR', 'm', 'fees', 'bank', 'IRR', NULL, -7),
('gateway_clearing/TRX/IRR', 'm', 'gateway_clearing', 'TRX', 'IRR', NULL, -92),
('gateway_clearing/bank/IRR', 'm', 'gateway_clearing', 'bank', 'IRR', NULL, -435),
('gateway_hold/bank/IRR', 'm', 'gateway_hold', 'bank', 'IRR', NULL, -35),
('merchant_available//IRR', 'm', 'merchant_available', '', 'IRR', NULL, 168),
('merchant_bank//IRR', 'm', 'merchant_bank', '', 'IRR', NULL, -96),
('merchant_held//IRR', 'm', 'merchant_held', '', 'IRR', 0, 35),
('merchant_pending//IRR', 'm', 'merchant_pending', '', 'IRR', 0, 60),
('payouts_in_transit//IRR', 'm', 'payouts_in_transit', '', 'IRR', 0, 10),
('refunds_in_transit//IRR', 'm', 'refunds_in_transit', '', 'IRR', 0, 20),
('suspense//IRR', 'm', 'suspense', '', 'IRR', 0, 60),
('trader/tr1/IRR', 'm', 'trader', 'tr1', 'IRR', 0, 70);

insert into act_seal (number, acts, at, previous, hash) values
(1, 4, 1790000000000000, BINARY'', BINARY'76DBE790210EDF007F4AC1ADAD04C53948DBD8FF9DD899A001E9A2C715760C97');

insert into claim (key, kind, merchant_id, subject) values
('r1', 'receipt', 'm', 'p1');

insert into contact (id, merchant_id, version, subject, created_at, detail) values
('c1', 'm', 1, 'p1', 1790000000000000, '{"kind":"call","what":"take"}');

insert into customer (id, merchant_id, version, state, number, created_at, updated_at, detail) values
('10001', 'm', 1, 'active', 10001, -62135596800000000, -62135596800000000, '{}'),
('10002', 'm', 1, 'blocked', 10002, -62135596800000000, -62135596800000000, '{}');

insert into deal (id, merchant_id, version, state, invoice_id, trader_id, requisite_id, unit, amount, deadline, created_at, updated_at, detail, payout_id) values
('d1', 'm', 1, 'canceled', 'i1', 'trd', '', 'IRR', 50, NULL, -62135596800000000, -62135596800000000, '{"payment":"pd","coins":{"steps":7,"unit":"USDT"},"fee":{"steps":1,"unit":"USDT"},"held":{"steps":0,"unit":"USDT"}}', ''),
('d8', 'm', 1, 'transfer_waiting', 'i1', 'tr1', 'q1', 'IRR', 30, 1790000000000000, 1790000000000000, 1790000000000000, '{"option":"SBP","method":"sberbank","number":"79001234567","holder":"Ivan I.","rate":"1","coins":{"steps":30,"unit":"IRR"},"fee":{"steps":0,"unit":"IRR"},"held":{"steps":30,"unit":"IRR"},"deadline":1790000000000000}', ''),
('d9', 'm', 1, 'canceled', 'i1', 'tr1', 'q1', 'IRR', 30, NULL, 1790000000000000, 1790000000000000, '{"option":"SBP","method":"sberbank","number":"79001234567","holder":"Ivan I.","rate":"1","coins":{"steps":30,"unit":"IRR"},"fee":{"steps":0,"unit":"IRR"},"held":{"steps":0,"unit":"IRR"},"deadline":1790000000000000}', '');

insert into delivery (id, merchant_id, version, state, queue, run_at, endpoint_id, subject, created_at, updated_at, detail, body) values
('d1', 'm', 1, 'due', 'q', 1790000000000000, '', '', -62135596800000000, -62135596800000000, '{}', NULL);

insert into entry (id, merchant_id, rule, subject, at) values
('e1', 'm', 'captured', 'p1', 1790000000000000),
('e10', 'm', 'deposited', 'p5', 1790000000000000),
('e100', 'm', 'captured', 'p10', 1790000000000000),
('e101', 'm', 'settled', 'p10', 1790000000000000),
('e102', 'm', 'fee_settled', 'p10', 1790000000000000),
('e11', 'm', 'wallet_held', 'p6', 1790000000000000),
('e110', 'm', 'captured', 'p11', 1790000000000000),
('e111', 'm', 'fee_settled', 'p11', 1790000000000000),
('e12', 'm', 'held', 'p7', 1790000000000000),
('e120', 'm', 'captured', 'p12', 1790000000000000),
('e121', 'm', 'settled', 'p12', 1790000000000000),
('e122', 'm', 'refund_opened', 'p12', 1790000000000000),
('e123', 'm', 'refunded', 'p12', 1790000000000000),
('e124', 'm', 'refund_settled', 'p12', 1790000000000000),
('e13', 'm', 'rejected', 'r7', 1790000000000000),
('e14', 'm', 'held', 'p8', 1790000000000000),
('e190', 'm', 'trader_paid_in', 'tr1', 1790000000000000),
('e191', 'm', 'deal_held', 'd8', 1790000000000000),
('e192', 'm', 'deal_held', 'd9', 1790000000000000),
('e193', 'm', 'deal_released', 'd9', 1790000000000000),
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
('e5', 'm', 'late_payment', 'p3', 1790000000000000),
('e90', 'm', 'authorized', 'p9', 1790000000000000),
('e91', 'm', 'released', 'p9', 1790000000000000);

insert into event (seq, merchant_id, noun, subject, trigger, from_state, to_state, actor, note, at) values
(1, 'm', 'invoice', 'i1', 'create', '', 'open', '', '', 1790000000000000),
(10, 'm', 'refund', 'r2', 'create', '', 'processing', '', '', 1790000000000000),
(11, 'm', 'refund', 'r3', 'create', '', 'requested', '', '', 1790000000000000),
(12, 'm', 'key', 'k1', 'create', '', 'kept', '', '', 1790000000000000),
(13, 'm', 'customer', '10001', 'create', '', 'active', '', '', 1790000000000000),
(14, 'm', 'customer', '10002', 'create', '', 'active', '', '', 1790000000000000),
(15, 'm', 'customer', '10002', 'block', 'active', 'blocked', '', '', 1790000000000000),
(16, 'm', 'invoice', 'i5', 'create', '', 'open', '', '', 1790000000000000),
(17, 'm', 'invoice', 'i5', 'pay', 'open', 'paid', '', '', 1790000000000000),
(18, 'm', 'invoice', 'i5', 'complete', 'paid', 'completed', '', '', 1790000000000000),
(19, 'm', 'invoice', 'i6', 'create', '', 'open', '', '', 1790000000000000),
(2, 'm', 'payment', 'p1', 'create', '', 'processing', '', '', 1790000000000000),
(20, 'm', 'invoice', 'i6', 'pay', 'open', 'paid', '', '', 1790000000000000),
(21, 'm', 'invoice', 'i7', 'create', '', 'open', '', '', 1790000000000000),
(22, 'm', 'invoice', 'i7', 'pay', 'open', 'paid', '', '', 1790000000000000),
(23, 'm', 'invoice', 'i7', 'reject', 'paid', 'rejected', '', '', 1790000000000000),
(24, 'm', 'invoice', 'i8', 'create', '', 'open', '', '', 1790000000000000),
(25, 'm', 'refund', 'r7', 'create', '', 'processing', '', '', 1790000000000000),
(26, 'm', 'payment', 'p5', 'create', '', 'processing', '', '', 1790000000000000),
(27, 'm', 'payment', 'p5', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(28, 'm', 'payment', 'p6', 'create', '', 'processing', '', '', 1790000000000000),
(29, 'm', 'payment', 'p6', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(3, 'm', 'payment', 'p2', 'create', '', 'waiting', '', '', 1790000000000000),
(30, 'm', 'payment', 'p7', 'create', '', 'processing', '', '', 1790000000000000),
(31, 'm', 'payment', 'p7', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(32, 'm', 'payment', 'p8', 'create', '', 'processing', '', '', 1790000000000000),
(33, 'm', 'payment', 'p8', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(34, 'm', 'market', 'IRTIRR', 'create', '', 'set', '', '', 1790000000000000),
(35, 'm', 'market', 'IRTIRR', 'set', 'set', 'set', '', '', 1790000000000000),
(36, 'm', 'exchange', 'x1', 'create', '', 'completed', '', '', 1790000000000000),
(37, 'm', 'transfer', 't1', 'create', '', 'completed', '', '', 1790000000000000),
(38, 'm', 'transfer', 't2', 'create', '', 'completed', '', '', 1790000000000000),
(39, 'm', 'payout', 'o1', 'create', '', 'requested', '', '', 1790000000000000),
(4, 'm', 'payment', 'p2', 'start', 'waiting', 'processing', '', '', 1790000000000000),
(40, 'm', 'payout', 'o2', 'create', '', 'requested', '', '', 1790000000000000),
(41, 'm', 'payout', 'o2', 'approve', 'requested', 'approved', '', '', 1790000000000000),
(42, 'm', 'payout', 'o2', 'submit', 'approved', 'processing', '', '', 1790000000000000),
(43, 'm', 'payout', 'o2', 'confirm', 'processing', 'paid', '', '', 1790000000000000),
(44, 'm', 'payout', 'o3', 'create', '', 'requested', '', '', 1790000000000000),
(45, 'm', 'payout', 'o3', 'reject', 'requested', 'rejected', '', '', 1790000000000000),
(46, 'm', 'deal', 'd1', 'create', '', 'transfer_waiting', '', '', 1790000000000000),
(47, 'm', 'deal', 'd1', 'cancel', 'transfer_waiting', 'canceled', '', '', 1790000000000000),
(48, 'm', 'invoice', 'i9', 'create', '', 'open', '', '', 1790000000000000),
(49, 'm', 'payment', 'p9', 'create', '', 'processing', '', '', 1790000000000000),
(5, 'm', 'payment', 'p3', 'create', '', 'processing', '', '', 1790000000000000),
(50, 'm', 'payment', 'p9', 'authorize', 'processing', 'authorized', '', '', 1790000000000000),
(51, 'm', 'refund', 'r9', 'create', '', 'processing', '', '', 1790000000000000),
(52, 'm', 'refund', 'r9', 'succeed', 'processing', 'succeeded', '', '', 1790000000000000),
(53, 'm', 'invoice', 'i10', 'create', '', 'open', '', '', 1790000000000000),
(54, 'm', 'invoice', 'i10', 'pay', 'open', 'paid', '', '', 1790000000000000),
(55, 'm', 'invoice', 'i10', 'complete', 'paid', 'completed', '', '', 1790000000000000),
(56, 'm', 'payment', 'p10', 'create', '', 'processing', '', '', 1790000000000000),
(57, 'm', 'payment', 'p10', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(58, 'm', 'payment', 'p10', 'settle', 'captured', 'settled', '', '', 1790000000000000),
(59, 'm', 'invoice', 'i11', 'create', '', 'open', '', '', 1790000000000000),
(6, 'm', 'payment', 'p1', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(60, 'm', 'invoice', 'i11', 'pay', 'open', 'paid', '', '', 1790000000000000),
(61, 'm', 'invoice', 'i11', 'complete', 'paid', 'completed', '', '', 1790000000000000),
(62, 'm', 'payment', 'p11', 'create', '', 'processing', '', '', 1790000000000000),
(63, 'm', 'payment', 'p11', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(64, 'm', 'payment', 'p11', 'settle', 'captured', 'settled', '', '', 1790000000000000),
(65, 'm', 'invoice', 'i12', 'create', '', 'open', '', '', 1790000000000000),
(66, 'm', 'invoice', 'i12', 'pay', 'open', 'paid', '', '', 1790000000000000),
(67, 'm', 'invoice', 'i12', 'complete', 'paid', 'completed', '', '', 1790000000000000),
(68, 'm', 'payment', 'p12', 'create', '', 'processing', '', '', 1790000000000000),
(69, 'm', 'payment', 'p12', 'capture', 'processing', 'captured', '', '', 1790000000000000),
(7, 'm', 'refund', 'r1', 'create', '', 'requested', '', '', 1790000000000000),
(70, 'm', 'payment', 'p12', 'settle', 'captured', 'settled', '', '', 1790000000000000),
(71, 'm', 'payment', 'p12', 'refund', 'settled', 'refunded', '', '', 1790000000000000),
(72, 'm', 'refund', 'r12', 'create', '', 'processing', '', '', 1790000000000000),
(73, 'm', 'refund', 'r12', 'succeed', 'processing', 'succeeded', '', '', 1790000000000000),
(74, 'm', 'refund', 'r12', 'settle', 'succeeded', 'succeeded', '', '', 1790000000000000),
(75, 'm', 'trader', 'tr1', 'create', '', 'active', '', '', 1790000000000000),
(76, 'm', 'requisite', 'q1', 'create', '', 'active', '', '', 1790000000000000),
(77, 'm', 'deal', 'd8', 'create', '', 'transfer_waiting', '', '', 1790000000000000),
(78, 'm', 'deal', 'd9', 'create', '', 'transfer_waiting', '', '', 1790000000000000),
(79, 'm', 'deal', 'd9', 'cancel', 'transfer_waiting', 'canceled', '', '', 1790000000000000),
(8, 'm', 'refund', 'r1', 'submit', 'requested', 'processing', '', '', 1790000000000000),
(9, 'm', 'refund', 'r1', 'succeed', 'processing', 'succeeded', '', '', 1790000000000000);

insert into exchange (id, merchant_id, version, account, created_at, detail) values
('x1', 'm', 1, 10001, -62135596800000000, '{"spent":{"steps":100,"unit":"IRR"},"got":{"steps":95238,"unit":"IRT"},"market":"IRTIRR","side":"buy","rate":"10.5"}');

insert into invoice (id, merchant_id, version, state, unit, amount, captured, reserved, due_at, created_at, updated_at, detail, number, terminal, verify_by, account) values
('i1', 'm', 2, 'open', 'IRR', 100, 40, 40, NULL, -62135596800000000, -62135596800000000, '{}', 1, 0, NULL, 0),
('i10', 'm', 1, 'completed', 'IRR', 100, 100, 0, NULL, -62135596800000000, -62135596800000000, '{}', 7, 0, NULL, 0),
('i11', 'm', 1, 'completed', 'IRR', 3, 3, 0, NULL, -62135596800000000, -62135596800000000, '{}', 8, 0, NULL, 0),
('i12', 'm', 1, 'completed', 'IRR', 20, 0, 0, NULL, -62135596800000000, -62135596800000000, '{}', 9, 0, NULL, 0),
('i5', 'm', 1, 'completed', 'IRR', 300, 300, 0, NULL, -62135596800000000, -62135596800000000, '{}', 2, 0, NULL, 10001),
('i6', 'm', 1, 'paid', 'IRR', 40, 40, 0, NULL, -62135596800000000, -62135596800000000, '{"verify_in":3600000000}', 3, 1001, 1790000000000000, 0),
('i7', 'm', 1, 'rejected', 'IRR', 15, 15, 0, NULL, -62135596800000000, -62135596800000000, '{"verify_in":3600000000}', 4, 1001, NULL, 0),
('i8', 'm', 1, 'open', 'IRR', 50, 20, 0, NULL, -62135596800000000, -62135596800000000, '{"verify_in":3600000000}', 5, 1001, NULL, 0),
('i9', 'm', 1, 'open', 'IRR', 35, 0, 35, NULL, -62135596800000000, -62135596800000000, '{}', 6, 0, NULL, 0);

insert into market (id, merchant_id, version, created_at, detail) values
('IRTIRR', 'm', 1, -62135596800000000, '{"base":"IRT","quote":"IRR","buy":"10.5","sell":"9.5"}');

insert into payment (id, merchant_id, version, state, invoice_id, unit, amount, refunded, in_return, reserved, check_at, attention, created_at, updated_at, detail, asked, released, recorded_at, method, owner, listed) values
('p1', 'm', 2, 'captured', 'i1', 'IRR', 60, 20, 5, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r1"}}', NULL, NULL, NULL, '', '', 0),
('p10', 'm', 1, 'settled', 'i10', 'IRR', 100, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r10"}}', NULL, NULL, NULL, '', '', 0),
('p11', 'm', 1, 'settled', 'i11', 'IRR', 3, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r11"}}', NULL, NULL, NULL, '', '', 0),
('p12', 'm', 1, 'refunded', 'i12', 'IRR', 20, 20, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r12"}}', NULL, NULL, NULL, '', '', 0),
('p2', 'm', 1, 'processing', 'i1', 'IRR', 40, 0, 0, 1, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r1"}}', NULL, NULL, NULL, '', '', 0),
('p3', 'm', 1, 'processing', 'i1', 'IRR', 60, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"r3"}}', NULL, NULL, NULL, '', '', 0),
('p5', 'm', 1, 'captured', 'i5', 'IRR', 300, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"rp5"}}', NULL, NULL, NULL, '', '', 0),
('p6', 'm', 1, 'captured', 'i6', 'IRR', 40, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"wallet":10001}', NULL, NULL, NULL, '', '', 0),
('p7', 'm', 1, 'captured', 'i7', 'IRR', 15, 0, 15, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"rp7"}}', NULL, NULL, NULL, '', '', 0),
('p8', 'm', 1, 'captured', 'i8', 'IRR', 20, 0, 0, 0, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank","receipt":"rp8"}}', NULL, NULL, NULL, '', '', 0),
('p9', 'm', 1, 'authorized', 'i9', 'IRR', 35, 0, 0, 1, NULL, '', -62135596800000000, -62135596800000000, '{"attempt":{"gateway":"bank"},"hold":true,"holding":{"steps":50,"unit":"IRR"},"direct":true}', 50, 15, NULL, '', '', 1);

insert into payout (id, merchant_id, version, state, account, unit, amount, fee, created_at, updated_at, detail, terminal, due_at, check_at, attention) values
('o1', 'm', 1, 'requested', 10001, 'IRR', 10, 2, -62135596800000000, -62135596800000000, '{"rail":"TRX"}', 0, NULL, NULL, ''),
('o2', 'm', 1, 'paid', 10001, 'IRR', 10, 2, -62135596800000000, -62135596800000000, '{"rail":"TRX"}', 0, NULL, NULL, ''),
('o3', 'm', 1, 'rejected', 10001, 'IRR', 10, 2, -62135596800000000, -62135596800000000, '{"rail":"TRX"}', 0, NULL, NULL, '');

insert into refund (id, merchant_id, version, state, payment_id, source, unit, amount, check_at, attention, created_at, updated_at, detail, listed) values
('r1', 'm', 1, 'succeeded', 'p1', 'merchant', 'IRR', 20, NULL, '', -62135596800000000, -62135596800000000, '{}', 0),
('r12', 'm', 1, 'succeeded', 'p12', 'merchant', 'IRR', 20, NULL, '', -62135596800000000, -62135596800000000, '{"way":"refund","gateway":"bank","settled_at":1790000000000000}', 0),
('r2', 'm', 1, 'processing', 'p1', 'merchant', 'IRR', 5, NULL, '', -62135596800000000, -62135596800000000, '{}', 0),
('r3', 'm', 1, 'requested', 'p3', 'suspense', 'IRR', 60, NULL, '', -62135596800000000, -62135596800000000, '{}', 0),
('r7', 'm', 1, 'processing', 'p7', 'owed', 'IRR', 15, NULL, '', -62135596800000000, -62135596800000000, '{}', 0),
('r9', 'm', 1, 'succeeded', 'p9', 'hold', 'IRR', 15, NULL, '', -62135596800000000, -62135596800000000, '{"way":"release"}', 0);

insert into requisite (id, merchant_id, version, trader_id, way, bank, unit, least, most, enabled, used_at, created_at, updated_at, detail) values
('q1', 'm', 1, 'tr1', 'SBP', 'sberbank', 'IRR', 1, 500, 1, -62135596800000000, 1790000000000000, 1790000000000000, '{"number":"79001234567","holder":"Ivan I."}');

insert into seal (number, entries, postings, last_entry, at, previous, hash) values
(1, 10, 20, 'e120', 1790000000000000, BINARY'', BINARY'736D0984C094404FADCE509E4850AB07AAA20FD6369946A0EF8067BBC76CC159'),
(2, 10, 20, 'e193', 1790000000000000, BINARY'736D0984C094404FADCE509E4850AB07AAA20FD6369946A0EF8067BBC76CC159', BINARY'031CCEF71AF1E23BDB806F9FF1E00A0CDC1A00A446CA923564AF993CB17245FD'),
(3, 10, 22, 'e28', 1790000000000000, BINARY'031CCEF71AF1E23BDB806F9FF1E00A0CDC1A00A446CA923564AF993CB17245FD', BINARY'B3AC2A27BB0B8A664C09C77EB692F520332F3EEEB22AB44D23844134312A0C48'),
(4, 5, 10, 'e91', 1790000000000000, BINARY'B3AC2A27BB0B8A664C09C77EB692F520332F3EEEB22AB44D23844134312A0C48', BINARY'57A5B38B0690B7225B9BEC2A805482CBFF62C09F719F00D40F8B67EAA1FD4E93');

insert into sealed (entry_id, merchant_id, seal) values
('e1', 'm', 1),
('e10', 'm', 1),
('e100', 'm', 1),
('e101', 'm', 1),
('e102', 'm', 1),
('e11', 'm', 1),
('e110', 'm', 1),
('e111', 'm', 1),
('e12', 'm', 1),
('e120', 'm', 1),
('e121', 'm', 2),
('e122', 'm', 2),
('e123', 'm', 2),
('e124', 'm', 2),
('e13', 'm', 2),
('e14', 'm', 2),
('e190', 'm', 2),
('e191', 'm', 2),
('e192', 'm', 2),
('e193', 'm', 2),
('e2', 'm', 3),
('e20', 'm', 3),
('e21', 'm', 3),
('e22', 'm', 3),
('e23', 'm', 3),
('e24', 'm', 3),
('e25', 'm', 3),
('e26', 'm', 3),
('e27', 'm', 3),
('e28', 'm', 3),
('e3', 'm', 4),
('e4', 'm', 4),
('e5', 'm', 4),
('e90', 'm', 4),
('e91', 'm', 4);

insert into sealed_act (merchant_id, seq, hash, seal) values
('m', 12, BINARY'61E642DF9ED13BB560CE34C7976D623F7E5745DDC113DECA76FCA8591CE31DC9', 1),
('m', 15, BINARY'161951630653F984A84215CCB8CFD0B62BCBF82F6C37310C7CA1CE2FB536EB38', 1),
('m', 34, BINARY'528B42D728BE364FBE9229111ABD186E8DD3AD13EB627B0994256F9825373742', 1),
('m', 35, BINARY'4409F9FB0F21BD65ACCE64EA922022DF5889A4A8F0BBA0026DEE178A2BA22EEE', 1);

insert into settlement (id, merchant_id, version, gateway, ended_at, created_at, updated_at, detail) values
('s1', 'm', 1, 'bank', 1790000000000000, 1790000000000000, 1790000000000000, '{"name":"may.csv","operator":"ann","rows":4,"payments":3,"refunds":1,"taken":{"steps":123,"unit":"IRR"},"fees":{"steps":7,"unit":"IRR"},"returned":{"steps":20,"unit":"IRR"}}');

insert into settlement_row (id, merchant_id, version, settlement_id, number, kind, detail) values
('s1/2', 'm', 1, 's1', 2, 'payment', '{"line":2,"receipt":"r10","payment":"p10","amount":{"steps":100,"unit":"IRR"},"fee":{"steps":4,"unit":"IRR"}}');

insert into tally (merchant_id, events, invoices) values
('m', 79, 9);

insert into trader (id, merchant_id, version, created_at, updated_at, detail) values
('tr1', 'm', 1, 1790000000000000, 1790000000000000, '{"name":"Tom"}');

insert into transfer (id, merchant_id, version, sender, receiver, unit, amount, created_at, detail) values
('t1', 'm', 1, 10001, 10000, 'IRR', 30, -62135596800000000, '{}'),
('t2', 'm', 1, 10001, 10002, 'IRR', 20, -62135596800000000, '{}');

