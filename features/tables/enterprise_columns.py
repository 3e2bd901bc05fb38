"""The enterprises table: its columns, and the headers that exports and lists have for them."""

from features.columns import Column, Kind, Table
from features.vocabulary import PRECISIONS, YUAN

DAY = "such as 2019-03-01, 2019/3/1, 20190301, 2019年3月1日, or a year alone"
FOUNDED = f"a date from 1500 to next year, {DAY}"
LIST = "items parted by ;"
ANY_COMMA = ";；、,，|"

ENTERPRISE_ID_HEADERS = (
    "统一社会信用代码 社会信用代码 统一信用代码 信用代码 统一社会信用代码/注册号 统一社会信用码 "
    "统一代码 法人统一社会信用代码 credit_code unified_social_credit_code social_credit_code "
    "unified_credit_code uscc uniscid uniform_social_credit_code 企业编号 企业代码 企业ID "
    "单位代码 单位编号 公司代码 纳税人识别号 税号 tax_number company_id enterprise_no ent_id "
    "entid 证券代码 股票代码 stock_code ticker 社会统一信用代码 信用编码 unified_code usci "
    "social_code credit_no 组织机构代码 org_number 注册号 工商注册号 营业执照号 营业执照编号 "
    "营业执照注册号 公司编号 公司注册编号 商业登记号码 公司统编 公司统一编号 统一编号 reg_number "
    "reg_no registration_number registration_no company_number company_no br_no cr_no "
    "统一社会信用代码证号 社会信用代码证号 三证合一码 法人代码 法人单位代码 机构代码 执照号 "
    "营业执照号码 工商登记号 uscc_code social_credit_no tax_id taxpayer_id "
    "unified_social_credit_identifier bvd_id_number bvd_id id "
    "主体身份代码 营业执照统一社会信用代码 统一信用编码 法人单位统一社会信用代码 "
    "统一社会信用代码证 机构信用代码 uscc_no stkcd wind代码 symbol"
)
SOURCE_HEADERS = "来源 数据来源 信息来源"

ENTERPRISES = Table(
    "enterprises",
    "企业",
    ("enterprise_id",),
    (
        Column("enterprise_id", Kind.ID, ENTERPRISE_ID_HEADERS, required=True, made_from="name"),
        Column(
            "name",
            Kind.TEXT,
            "企业名称 企业全称 公司名称 公司全称 单位名称 单位全称 机构名称 法人名称 "
            "法人单位名称 市场主体名称 主体名称 经营主体名称 纳税人名称 申报单位 申报企业 "
            "企业名 公司名 单位详细名称 详细名称 中文名称 中文全称 company_name enterprise_name "
            "corp_name corporate_name entname ent_name company enterprise full_name "
            "company_full_name org_name company_name_cn company_name_chinese name_cn chinese_name "
            "申报单位名称 注册名称 工商名称 市场主体 商事主体名称 法人单位 名称 全称 企业 公司 "
            "单位 企业中文名 公司中文名 name_of_enterprise name_of_company entity_name legal_name "
            "registered_name company_cn firm_name organization_name corp "
            "company_name_latin_alphabet "
            "申报主体 证券全称 注册名 中文名 商号 firm listed_company organization conme lstnm "
            "入驻企业 承担单位 项目单位 建设单位 项目业主 业主单位 实施主体 投资主体 投资企业 "
            "投资方 投资方名称",
            required=True,
        ),
        Column(
            "short_name",
            Kind.TEXT,
            "简称 企业简称 公司简称 证券简称 股票简称 company_short_name abbreviation "
            "证券名称 股票名称 "
            "a股简称 stock_name 名称简称",
        ),
        Column(
            "province",
            Kind.TEXT,
            "所属省份 省份 省 所在省份 所属省 所在省 注册省份 注册地省份 省级 省市 所属省市 "
            "所在省市 "
            "province_name",
        ),
        Column(
            "city",
            Kind.TEXT,
            "所属城市 城市 市 所在城市 地级市 所属市 所在市 地市 所属地市 所在地市 市州 设区市 "
            "注册城市 注册地城市 州市 地州市 盟市 city_name",
        ),
        Column(
            "district",
            Kind.TEXT,
            "所属区县 区县 所在区县 县区 所属县区 县市区 区 县 所属县 所属区 所在县区 "
            "县（市、区） 所属县（市、区） 所在县（市、区） 区（县） 注册区县 注册地区县 旗县 县域 "
            "县市 "
            "district_name county",
        ),
        Column(
            "industry_code",
            Kind.ID,
            "国标行业代码 行业代码 国民经济行业代码 国民经济行业分类代码 行业小类代码 industryco "
            "所属行业代码 国标行业小类代码 国民经济行业小类代码 行业中类代码 行业大类代码 "
            "行业分类代码 nnindcd",
            expected="a code or a name of GB/T 4754-2017, such as C3962, 3962 or 光电子器件制造",
        ),
        Column(
            "products",
            Kind.PRODUCTS,
            "主营产品 主要产品 产品 主营产品及占比 主导产品 产品名称 主要产品名称 主营产品名称 "
            "main_products 主营产品或服务 主要产品或服务 主要产品及服务 产品或服务 产品及服务 "
            "主要产品与服务 主要产品和服务 产品与服务 产品和服务 核心产品 重点产品 主打产品 "
            "代表产品 拳头产品 产品名 生产产品 main_product key_products products_and_services "
            "product_name product "
            "主导产品名称 核心产品名称 优势产品 特色产品 主产品 示范产品 冠军产品 单项冠军产品 "
            "细分产品 从事细分产品市场 主要产品及产能",
            expected="products as name:share;name:share, each share from 0 to 1 (or 0% to 100%)",
        ),
        Column(
            "business_scope",
            Kind.TEXT,
            "经营范围 业务范围 经营业务范围 主营业务 主要业务活动 主要业务 主要经营范围 经营业务 "
            "主营项目 经营项目 经营内容 所营事业资料 opscope scope main_business business "
            "企业简介 公司简介 单位简介 简介 introduction company_profile 主营业务范围 "
            "主要业务范围 主营业务介绍 主营业务及产品 主要经营业务 主要经营活动 主营内容 "
            "主营方向 主营 营业范围 营业项目 经营范围描述 公司业务 business_description "
            "nature_of_business principal_activities principal_business 业务性质 主要业务描述 "
            "trade_description full_description "
            "主营业务简介 业务简介 业务描述 企业介绍 公司介绍 经营范围及方式 一般经营项目 "
            "许可经营项目 description",
        ),
        Column(
            "founded",
            Kind.DATE,
            "成立日期 成立年份 成立时间 成立年 注册日期 注册时间 成立年月 设立日期 设立时间 "
            "开业日期 开业时间 登记日期 成立日 registration_time establish_date "
            "establishment_date established_date establish_time estiblish_time estdate est_date "
            "found_date founded_date founding_date date_of_establishment incorporation_date "
            "registration_date reg_date setup_date start_date establishment_time establish_at "
            "founded_at reg_time register_time 注册成立日期 注册成立时间 建立时间 核准设立日期 "
            "设立登记日期 date_of_incorporation incorporated incorporated_on date_founded "
            "founded_on year_founded term_start 创立时间 创办时间 创建时间 建厂时间 成立年度 "
            "注册成立日 执照成立日期 established year_established year_of_establishment "
            "establish_year founding_year register_date regist_date incorp_date opfrom "
            "成立登记日期 注册登记日期 设立登记时间 首次登记日期 成立（年/月） 建厂年份 创建年份 "
            "date_established setup_time",
            expected=FOUNDED,
            low=1500,
        ),
        Column(
            "founded_precision",
            Kind.CHOICE,
            "成立日期精度",
            expected="year, month or day",
            choices=PRECISIONS,
            derived=True,
        ),
        Column(
            "registered_capital",
            Kind.MONEY,
            "注册资本 注册资金 认缴资本 认缴注册资本 认缴出资额 注册资本金 开办资金 出资额 "
            "注册资本额 认缴金额 资本总额 reg_capital register_capital registration_capital "
            "reg_cap regcap reg_capi regist_capi registered_capital_rmb capital "
            "registered_fund reg_fund regist_capital "
            "资本额 法定股本 资金数额 capital_amount reg_cap_num",
            expected="an amount of RMB in 万元, from 0 to 100万亿元, such as 5000, 5000万 or 1.2亿",
            unit=YUAN["万元"],
            low=0,
            currency="currency",
        ),
        Column(
            "employees",
            Kind.COUNT,
            "参保人数 员工人数 从业人数 从业人员 从业人员数 员工数 员工总数 职工人数 职工总数 "
            "在职人数 用工人数 社保人数 人员规模 员工规模 从业人员期末人数 employee_count "
            "employee_num staff_num staff_count staff_size insured_num insured_number "
            "insured_count social_staff_num staff_num_range number_of_employees headcount empnum "
            "staff insured 人数 用工数 在职员工 在职员工数 在岗人数 员工数量 年末从业人员 "
            "社保参保人数 社保缴纳人数 社保缴费人数 缴纳社保人数 缴纳社会保险人数 参保人员 "
            "参保职工数 参保职工人数 雇员人数 雇员数 雇员 职工数 在册职工 人员数量 人员数 总人数 "
            "全部从业人员 从业人员平均人数 平均从业人数 期末从业人员 吸纳就业人数 就业人数 "
            "no_of_employees number_of_staff total_employees employee_size employee_scale "
            "从业人员年末人数 平均用工人数 全年平均用工人数 职工平均人数 就业人员 员工规模区间 "
            "人员总数 staff_number",
            expected="a number of people, from 0 to 10 million, such as 1200, 1,200人, 50-99人 or "
            "200+",
            low=0,
        ),
        Column(
            "revenue",
            Kind.MONEY,
            "营业收入 营收 年营业收入 主营业务收入 年营收 销售收入 年销售收入 销售额 年销售额 "
            "年产值 营业总收入 营业额 年营业额 营收规模 收入规模 年收入 经营收入 主营收入 产值 "
            "年主营业务收入 工业总产值 总产值 年总产值 total_revenue "
            "operating_revenue sales_revenue annual_sales annual_revenue turnover "
            "operating_income sales "
            "工业产值 规上工业总产值 营业收入合计 全年营业收入 实现营业收入",
            expected="an amount of RMB in 万元, at most 100万亿元, such as 5000, 5000万 or 1.2亿",
            unit=YUAN["万元"],
        ),
        Column(
            "tags",
            Kind.TEXTS,
            "企业标签 标签 资质 企业资质 荣誉 荣誉资质 资质荣誉 企业荣誉 认定类型 认定类别 "
            "资质类型 "
            "企业称号 资质标签 荣誉称号 称号 "
            "资质称号 获评称号 获得荣誉 资质认定 培育层级 认定级别 qualification qualifications",
            expected=LIST,
            separators=ANY_COMMA,
        ),
        Column(
            "status",
            Kind.TEXT,
            "登记状态 经营状态 企业状态 状态 注册状态 主体状态 市场主体状态 存续状态 营业状态 "
            "企业登记状态 company_status reg_status registration_status business_status "
            "ent_status entstatus regstate reg_state operating_status operating_state biz_status "
            "生产经营状态 运营状态 经营情况 存续情况 公司状况 company_state oper_state open_status "
            "operation_status business_state manage_state management_state current_status "
            "公司现况 现况 纳税人状态 纳税人登记状态 税务登记状态 目前状态 当前状态 "
            "经营状况 目前经营状态 主体存续状态 存续状况 营业状态名称 生产状态 legal_status",
        ),
        Column(
            "credit",
            Kind.TEXT,
            "信用状况 信用 信用等级 信用状态 纳税信用等级 信用级别 纳税评级 纳税信用评级 "
            "credit_rating",
        ),
        Column(
            "nodes", Kind.TEXTS, "所属环节 环节 产业链环节 所属产业链环节 链条环节", expected=LIST
        ),
        Column(
            "former_names",
            Kind.TEXTS,
            "曾用名 曾用名称 历史名称 企业曾用名 former_name history_names used_name oldname "
            "历史曾用名 历史名 原企业名称 原公司名称 变更前名称 previous_name previous_names "
            "变更前企业名称 更名前名称 原名称 原名",
            expected=LIST,
            separators=ANY_COMMA,
        ),
        Column("size", Kind.TEXT, "企业规模 规模 企业规模类型 单位规模 company_size company_scale"),
        Column("source", Kind.TEXT, SOURCE_HEADERS),
        Column(
            "source_date",
            Kind.DATE,
            "数据日期 更新日期 更新时间 数据更新时间 数据时间 导出日期 导出时间 采集时间 "
            "update_time updated_at update_date",
            expected=FOUNDED,
            low=1900,
        ),
        Column("origins", Kind.TEXTS, "字段来源", expected=LIST, derived=True),
    ),
    aids=(
        Column(
            "region",
            Kind.TEXT,
            "所属地区 所在地区 所属区域 地区 注册地区 行政区划 所属行政区划 所在地 省市区 "
            "企业所在地 注册地 所在区域 区域 所属省市区 所在省市区 省市县 属地 注册所在地 归属地 "
            "落户地 area location 总部 总部所在地 总部城市 注册所在地区 行政区划代码 区划代码 "
            "行政区域代码 所属区划 headquarters headquarters_location "
            "行政区划名称 注册地所在地 区划 hq",
        ),
        Column(
            "address",
            Kind.TEXT,
            "注册地址 企业注册地址 公司注册地址 企业地址 公司地址 单位地址 住所 地址 经营场所 "
            "住所地 营业场所 生产经营地址 经营地址 详细地址 单位注册地址 company_address "
            "reg_address registered_address reg_location registered_office reg_addr "
            "reg_address_detail addr dom 通信地址 通讯地址 最新年报地址 年报地址 实际经营地址 "
            "办公地址 办公地点 生产地址 厂址 注册详细地址 主要经营场所 总部地址 "
            "注册办事处地址 注册办事处 登记地址 公司住所 企业住所",
        ),
        Column(
            "industry_class",
            Kind.TEXT,
            "国标行业小类 行业小类 国民经济行业小类 企查查行业小类 所属行业小类 industry_small",
        ),
        Column(
            "industry_group",
            Kind.TEXT,
            "国标行业中类 行业中类 国民经济行业中类 企查查行业中类 industry_middle",
        ),
        Column(
            "industry_division",
            Kind.TEXT,
            "国标行业大类 行业大类 国民经济行业大类 企查查行业大类 所属行业大类 industry_big",
        ),
        Column(
            "industry_section",
            Kind.TEXT,
            "国标行业门类 行业门类 国民经济行业门类 企查查行业门类 所属行业门类 industryphy",
        ),
        Column(
            "industry",
            Kind.TEXT,
            "国标行业 所属行业 国民经济行业 行业 行业分类 国民经济行业分类 行业名称 所属国标行业 "
            "国标行业名称 行业类别 所属行业类别 行业类型 所属国民经济行业 国民经济行业类别 "
            "行业领域 所属领域 产业领域 industry_name industry_l1 国民经济行业名称 行业大类名称 "
            "行业小类名称 industry_category industry_sector "
            "证监会行业 所属证监会行业 所属证监会行业名称 证监会行业名称 "
            "行业名称及代码 industry_classification 国民经济行业分类名称 细分行业",
        ),
        Column(
            "currency",
            Kind.TEXT,
            "注册资本币种 注册资本单位 注册资金单位 注册资本计量单位 "
            "注册资金币种 注册资本货币种类 注册币种 币种 货币种类 资本币种 "
            "regcapcur capital_currency reg_capital_currency",
        ),
    ),
)
