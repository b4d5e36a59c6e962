//! What the demo is made of: names, kinds, parts, faults and causes.

pub(super) const FIRST: [&str; 20] = [
    "زهرا",
    "مریم",
    "علی",
    "رضا",
    "فاطمه",
    "حسین",
    "سارا",
    "محمد",
    "نرگس",
    "امیر",
    "لیلا",
    "حسن",
    "مینا",
    "کاوه",
    "شیرین",
    "بهرام",
    "پریسا",
    "نادر",
    "الهام",
    "فرهاد",
];
pub(super) const LAST: [&str; 20] = [
    "کریمی",
    "احمدی",
    "مرادی",
    "رستمی",
    "صادقی",
    "نوری",
    "امینی",
    "جعفری",
    "یوسفی",
    "کاظمی",
    "رحیمی",
    "شریفی",
    "قاسمی",
    "موسوی",
    "حیدری",
    "اکبری",
    "باقری",
    "فرهادی",
    "توکلی",
    "ملکی",
];
pub(super) const STREETS: [&str; 6] = [
    "تهران، خیابان مطهری",
    "تهران، خیابان ولیعصر",
    "کرج، بلوار طالقانی",
    "تهران، خیابان شریعتی",
    "تهران، نارمک",
    "اصفهان، خیابان چهارباغ",
];

/// Kind, its titles, and a code prefix for its models.
pub(super) const KINDS: [(&str, &str, &str, &str); 10] = [
    ("fridge", "یخچال‌فریزر", "Fridge-freezer", "SRF"),
    ("washer", "ماشین لباسشویی", "Washing machine", "SWM"),
    ("television", "تلویزیون", "Television", "STV"),
    ("vacuum", "جاروبرقی", "Vacuum cleaner", "SVC"),
    ("microwave", "مایکروویو", "Microwave oven", "SMW"),
    ("hood", "هود آشپزخانه", "Kitchen hood", "SHD"),
    ("cooler", "کولر گازی", "Air conditioner", "SAC"),
    ("laptop", "لپ‌تاپ", "Laptop", "PLT"),
    ("phone", "گوشی موبایل", "Mobile phone", "PMB"),
    ("printer", "چاپگر", "Printer", "PPR"),
];

/// Part kind, titles, price.
pub(super) const PARTS: [(&str, &str, &str, i64); 12] = [
    ("compressor", "کمپرسور", "Compressor", 98_500_000),
    ("motor", "موتور", "Motor", 32_000_000),
    ("board", "برد اصلی", "Main board", 26_000_000),
    ("screen", "صفحه‌نمایش", "Screen", 45_000_000),
    ("thermostat", "ترموستات", "Thermostat", 6_500_000),
    ("filter", "فیلتر آب", "Water filter", 3_200_000),
    ("fan", "فن", "Fan", 2_800_000),
    ("pump", "پمپ تخلیه", "Drain pump", 7_400_000),
    ("battery", "باتری", "Battery", 18_000_000),
    ("power", "منبع تغذیه", "Power supply", 9_800_000),
    ("door", "لولای در", "Door hinge", 2_100_000),
    ("roller", "غلتک کاغذ", "Paper roller", 1_900_000),
];

/// A group, then what stands in it: code, Persian, English.
pub(super) type Group =
    (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str, &'static str)]);

/// Faults by group.
pub(super) const FAULTS: [Group; 8] = [
    (
        "C",
        "سرمایش",
        "Cooling",
        &[
            ("C01", "خنک نمی‌کند", "Does not cool"),
            ("C02", "خنک‌کردن ناکافی یخچال", "Cools too little"),
            ("C03", "برفک می‌زند", "Ices up"),
            ("C04", "قفل‌شدن کمپرسور", "Compressor seized"),
            ("C05", "نشت گاز", "Gas leak"),
            ("C06", "صدای زیاد کمپرسور", "Compressor is loud"),
            ("C07", "در یخچال بسته نمی‌شود", "Door does not close"),
        ],
    ),
    (
        "E",
        "برق",
        "Power",
        &[
            ("E01", "روشن نمی‌شود", "Does not switch on"),
            ("E02", "خودبه‌خود خاموش می‌شود", "Switches off by itself"),
            ("E03", "بوی سوختگی می‌دهد", "Smells burnt"),
            ("E04", "برق می‌گیرد", "Gives a shock"),
            ("E05", "منبع تغذیه معیوب", "Power supply faulty"),
            ("E06", "فیوز می‌پراند", "Trips the fuse"),
            ("E07", "کابل برق آسیب دیده", "Cable damaged"),
        ],
    ),
    (
        "M",
        "حرکت",
        "Movement",
        &[
            ("M01", "نمی‌چرخد", "Does not spin"),
            ("M02", "صدای غیرعادی دارد", "Makes an unusual noise"),
            ("M03", "لرزش شدید", "Shakes badly"),
            ("M04", "موتور معیوب", "Motor faulty"),
            ("M05", "فن کار نمی‌کند", "Fan does not turn"),
            ("M06", "بوی لاستیک سوخته", "Smells of burnt rubber"),
            ("M07", "مکش کم", "Weak suction"),
        ],
    ),
    (
        "W",
        "آب",
        "Water",
        &[
            ("W01", "آب تخلیه نمی‌شود", "Does not drain"),
            ("W02", "نشت آب", "Leaks water"),
            ("W03", "آب گرم نمی‌شود", "Does not heat water"),
            ("W04", "پمپ تخلیه معیوب", "Drain pump faulty"),
            ("W05", "آب‌گیری نمی‌کند", "Does not take in water"),
            ("W06", "شیر برقی معیوب", "Inlet valve faulty"),
        ],
    ),
    (
        "D",
        "نمایش",
        "Display",
        &[
            ("D01", "تصویر ندارد", "No picture"),
            ("D02", "صفحه شکسته", "Broken screen"),
            ("D03", "خط روی صفحه", "Lines on the screen"),
            ("D04", "لمس کار نمی‌کند", "Touch does not work"),
            ("D05", "نور پس‌زمینه ندارد", "No backlight"),
            ("D06", "رنگ‌ها نادرست است", "Colours are wrong"),
        ],
    ),
    (
        "S",
        "نرم‌افزار",
        "Software",
        &[
            ("S01", "هنگ می‌کند", "Freezes"),
            ("S02", "به شبکه وصل نمی‌شود", "Does not connect"),
            ("S03", "کد خطا نشان می‌دهد", "Shows an error code"),
            ("S04", "برد اصلی معیوب", "Main board faulty"),
            ("S05", "صدا ندارد", "No sound"),
            ("S06", "دوربین کار نمی‌کند", "Camera does not work"),
            ("S07", "به‌روزرسانی نمی‌شود", "Does not update"),
        ],
    ),
    (
        "B",
        "باتری و شارژ",
        "Battery and charging",
        &[
            ("B01", "شارژ نمی‌شود", "Does not charge"),
            ("B02", "زود خالی می‌شود", "Runs empty soon"),
            ("B03", "باتری باد کرده", "Battery swollen"),
            ("B04", "داغ می‌شود", "Gets hot"),
        ],
    ),
    (
        "P",
        "چاپ",
        "Printing",
        &[
            ("P01", "کاغذ گیر می‌کند", "Paper jams"),
            ("P02", "کم‌رنگ چاپ می‌کند", "Prints faintly"),
            ("P03", "غلتک ساییده", "Roller worn"),
        ],
    ),
];

pub(super) const CAUSES: [Group; 4] = [
    (
        "use",
        "استفاده",
        "Use",
        &[
            ("wear", "فرسودگی", "Wear"),
            ("misuse", "استفادهٔ نادرست", "Misuse"),
            ("drop", "ضربه و سقوط", "Drop"),
            ("overload", "بار بیش از حد", "Overload"),
            ("dirt", "گردوغبار", "Dirt"),
            ("P04", "خط‌دار چاپ می‌کند", "Prints with lines"),
            ("P05", "شناخته نمی‌شود", "Not recognised"),
        ],
    ),
    (
        "outside",
        "بیرونی",
        "Outside",
        &[
            ("liquid", "نفوذ مایعات", "Liquid"),
            ("power-surge", "نوسان برق", "Power surge"),
            ("lightning", "صاعقه", "Lightning"),
            ("insects", "نفوذ حشرات", "Insects"),
            ("transport", "حمل‌ونقل", "Transport"),
        ],
    ),
    (
        "making",
        "تولید",
        "Making",
        &[
            ("part-defect", "قطعهٔ معیوب", "Defective part"),
            ("assembly", "مونتاژ نادرست", "Assembly"),
            ("solder", "لحیم سرد", "Cold solder"),
            ("firmware", "خطای نرم‌افزار", "Firmware"),
            ("seal", "آب‌بندی نادرست", "Seal"),
        ],
    ),
    (
        "service",
        "خدمات",
        "Service",
        &[
            ("install", "نصب نادرست", "Installation"),
            ("earlier-repair", "تعمیر پیشین", "Earlier repair"),
            ("unknown", "نامشخص", "Not known"),
            ("non-genuine", "قطعهٔ غیراصلی", "Part not genuine"),
        ],
    ),
];

/// The parts that a kind's products contain, in the order of `KINDS`.
pub(super) const COMPONENTS: [&[&str]; 10] = [
    &["compressor", "thermostat", "fan", "filter"],
    &["motor", "pump", "board"],
    &["screen", "board", "power"],
    &["motor", "fan"],
    &["board", "door"],
    &["fan", "motor"],
    &["compressor", "fan", "board"],
    &["screen", "battery", "board"],
    &["screen", "battery", "board"],
    &["roller", "power"],
];

/// What is usual for each kind, in the order of `KINDS`: the fault that is reported, the one that is found, the part,
/// the service.
pub(super) const USUAL: [(&str, &str, &str, &str); 10] = [
    ("C01", "C04", "COMPRESSOR", "SVC-COMP"),
    ("M01", "M04", "MOTOR", "SVC-MOTOR"),
    ("D01", "S04", "BOARD", "SVC-BOARD"),
    ("M02", "M04", "MOTOR", "SVC-MOTOR"),
    ("E01", "E05", "POWER", "SVC-SMALL"),
    ("M05", "M05", "FAN", "SVC-SMALL"),
    ("C02", "C03", "THERMOSTAT", "SVC-SMALL"),
    ("S01", "S04", "BOARD", "SVC-BOARD"),
    ("B01", "B03", "BATTERY", "SVC-SMALL"),
    ("P01", "P03", "ROLLER", "SVC-SMALL"),
];

/// Causes with how often each is found, of a hundred.
pub(super) const OFTEN: [(&str, u32); 8] = [
    ("wear", 38),
    ("part-defect", 24),
    ("dirt", 11),
    ("power-surge", 9),
    ("assembly", 7),
    ("liquid", 5),
    ("misuse", 4),
    ("drop", 2),
];
