//! Who may do what: roles, actions, and the one table of permissions with its limits (domain rule 9).

use crate::words;

words! {
    /// What a person is to the work. A person has one or more, each in some centres and brands.
    Role {
        Administrator = "administrator",
        BrandManager = "brand_manager",
        RegionManager = "region_manager",
        CentreManager = "centre_manager",
        Receptionist = "receptionist",
        Technician = "technician",
        Expert = "expert",
        WarrantyAuditor = "warranty_auditor",
        Storekeeper = "storekeeper",
        Accountant = "accountant",
        Auditor = "auditor",
    }
}

words! {
    /// What is allowed or not. Every page and every operation of the API names one.
    Action {
        /// Open one's own pages: sign in, change the password, make a token.
        UseSystem = "use_system",
        ViewCatalogue = "view_catalogue",
        ViewWork = "view_work",
        ViewCustomers = "view_customers",
        ViewMoney = "view_money",
        ViewReports = "view_reports",
        ViewAudit = "view_audit",
        KeepOrganisation = "keep_organisation",
        KeepAccess = "keep_access",
        KeepStaff = "keep_staff",
        KeepCatalogue = "keep_catalogue",
        KeepPolicies = "keep_policies",
        KeepCustomers = "keep_customers",
        /// Answer what a customer asks about their own data: tell all of it, erase it.
        KeepPersonalData = "keep_personal_data",
        KeepDevices = "keep_devices",
        IssueCards = "issue_cards",
        Receive = "receive",
        CorrectReception = "correct_reception",
        Diagnose = "diagnose",
        DoWork = "do_work",
        Estimate = "estimate",
        AnswerEstimate = "answer_estimate",
        MoveRepair = "move_repair",
        OverrideCoverage = "override_coverage",
        GiveGoodwill = "give_goodwill",
        HandOver = "hand_over",
        RecordPayment = "record_payment",
        CorrectInvoice = "correct_invoice",
        ReopenRepair = "reopen_repair",
        Import = "import",
    }
}

words! {
    /// Of whom an installation asks a second factor beside the password.
    AskedOf { Nobody = "nobody", Administrators = "administrators", Everybody = "everybody" }
}

impl AskedOf {
    /// The one of a setting; nobody where nothing is set.
    #[must_use]
    pub fn of_setting(name: Option<&str>) -> Self {
        name.and_then(Self::named).unwrap_or(Self::Nobody)
    }

    /// Whether it is asked of a person with such roles.
    #[must_use]
    pub fn asks(self, mut roles: impl Iterator<Item = Role>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Administrators => roles.any(|role| role == Role::Administrator),
            Self::Everybody => true,
        }
    }
}

/// How far an action goes: goodwill up to a percentage of a line and up to an amount in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub percent: i64,
    pub amount: i64,
}

/// The limit of an action that has none.
pub const NO_LIMIT: Limit = Limit { percent: 100, amount: i64::MAX };

/// What a role may do where the administrator has changed nothing; None: nothing.
#[must_use]
pub fn default_permission(role: Role, action: Action) -> Option<Limit> {
    use Action as A;
    use Role as R;
    if action == A::UseSystem || role == R::Administrator {
        return Some(NO_LIMIT);
    }
    let viewing = matches!(action, A::ViewCatalogue | A::ViewWork | A::ViewCustomers | A::ViewMoney | A::ViewReports);
    let allowed = match role {
        R::Administrator => true,
        R::Auditor => viewing || action == A::ViewAudit,
        R::BrandManager => {
            viewing
                || matches!(
                    action,
                    A::ViewAudit
                        | A::KeepCatalogue
                        | A::KeepPolicies
                        | A::KeepDevices
                        | A::IssueCards
                        | A::OverrideCoverage
                        | A::GiveGoodwill
                        | A::Import
                )
        }
        R::RegionManager => {
            viewing
                || matches!(
                    action,
                    A::ViewAudit | A::OverrideCoverage | A::GiveGoodwill | A::ReopenRepair | A::KeepStaff
                )
        }
        R::CentreManager => !matches!(
            action,
            A::KeepOrganisation | A::KeepAccess | A::KeepPersonalData | A::KeepPolicies | A::KeepCatalogue
        ),
        R::Receptionist => matches!(
            action,
            A::ViewCatalogue
                | A::ViewWork
                | A::ViewCustomers
                | A::ViewMoney
                | A::KeepCustomers
                | A::KeepDevices
                | A::IssueCards
                | A::Receive
                | A::CorrectReception
                | A::Estimate
                | A::AnswerEstimate
                | A::MoveRepair
                | A::GiveGoodwill
                | A::HandOver
                | A::RecordPayment
        ),
        R::Technician => {
            matches!(action, A::ViewCatalogue | A::ViewWork | A::Diagnose | A::DoWork | A::Estimate | A::MoveRepair)
        }
        R::Expert => matches!(
            action,
            A::ViewCatalogue
                | A::ViewWork
                | A::ViewCustomers
                | A::ViewMoney
                | A::Diagnose
                | A::DoWork
                | A::Estimate
                | A::MoveRepair
                | A::OverrideCoverage
                | A::GiveGoodwill
        ),
        R::WarrantyAuditor => viewing || matches!(action, A::ViewAudit | A::OverrideCoverage),
        R::Storekeeper => matches!(action, A::ViewCatalogue | A::ViewWork | A::MoveRepair),
        R::Accountant => matches!(
            action,
            A::ViewCatalogue
                | A::ViewWork
                | A::ViewCustomers
                | A::ViewMoney
                | A::ViewReports
                | A::RecordPayment
                | A::CorrectInvoice
        ),
    };
    allowed.then(|| if action == A::GiveGoodwill { goodwill_limit(role) } else { NO_LIMIT })
}

fn goodwill_limit(role: Role) -> Limit {
    match role {
        Role::Receptionist => Limit { percent: 10, amount: 5_000_000 },
        Role::Expert => Limit { percent: 25, amount: 10_000_000 },
        Role::CentreManager => Limit { percent: 50, amount: 20_000_000 },
        Role::RegionManager => Limit { percent: 75, amount: 50_000_000 },
        _ => NO_LIMIT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goodwill_grows_with_responsibility() {
        let limit = |role| default_permission(role, Action::GiveGoodwill);
        assert_eq!(limit(Role::Receptionist), Some(Limit { percent: 10, amount: 5_000_000 }));
        assert_eq!(limit(Role::CentreManager), Some(Limit { percent: 50, amount: 20_000_000 }));
        assert_eq!(limit(Role::Technician), None);
    }

    #[test]
    fn only_an_administrator_keeps_access() {
        for role in Role::ALL {
            assert_eq!(
                default_permission(*role, Action::KeepAccess).is_some(),
                *role == Role::Administrator,
                "{role:?}"
            );
        }
    }
}
