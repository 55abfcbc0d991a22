//! Thyroid: interactions, data only.

use super::super::Severity::{Note, Warn};
use super::super::groups::Group::*;
use super::super::interactions::Row;

use super::row;

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(Levothyroxine, Calcium, Note, "less is taken up: four hours apart", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Iron, Note, "less is taken up: four hours apart", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Antacid, Note, "less is taken up: four hours apart", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Sucralfate, Note, "less is taken up: four hours apart", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, BileResin, Note, "less is taken up: four to five hours apart", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Orlistat, Note, "less is taken up: four hours apart, check TSH", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Ppi, Note, "less acid, less is taken up: check TSH", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Rifampicin, Warn, "broken down faster: check TSH, raise the dose", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Carbamazepine, Warn, "broken down faster: check TSH", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Phenytoin, Warn, "broken down faster: check TSH", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Phenobarbital, Warn, "broken down faster: check TSH", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Oestrogen, Note, "more is bound in blood: the need may rise", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Insulin, Note, "sugar rises: more insulin may be needed", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Sulfonylurea, Note, "sugar rises: the dose may have to rise", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Metformin, Note, "sugar rises; metformin may lower TSH", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Tricyclic, Note, "each strengthens the other: fast heart", "左甲状腺素钠说明书【药物相互作用】"),
    row(Levothyroxine, Antithyroid, Warn, "opposite aims: only where block-and-replace is meant", "甲巯咪唑说明书【注意事项】"),
    row(Levothyroxine, HivProtease, Warn, "thyroid function is lost or gained: check TSH", "左甲状腺素钠说明书【药物相互作用】"),
    row(Antithyroid, Iodine, Note, "iodine weakens it: longer treatment, higher dose", "甲巯咪唑说明书【药物相互作用】"),
    row(Antithyroid, Amiodarone, Warn, "iodine of amiodarone weakens it and may cause the disease", "甲巯咪唑说明书【药物相互作用】"),
    row(Antithyroid, Digoxin, Note, "digoxin rises as the thyroid slows: lower it", "丙硫氧嘧啶说明书【药物相互作用】"),
    row(Antithyroid, Theophylline, Note, "theophylline rises as the thyroid slows: lower it", "丙硫氧嘧啶说明书【药物相互作用】"),
    row(Antithyroid, BetaBlocker, Note, "the beta-blocker rises as the thyroid slows: lower it", "丙硫氧嘧啶说明书【药物相互作用】"),
    row(Methimazole, Propylthiouracil, Warn, "two antithyroid drugs at once", "甲巯咪唑说明书【用法用量】"),
];
