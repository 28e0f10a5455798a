package capacity

import "fmt"

// Language of a report.
type Language string

const (
	English Language = "en"
	Chinese Language = "zh"
)

// Languages lists them.
func Languages() []Language { return []Language{English, Chinese} }

// words are the fixed words of a report by an id, in English and Chinese; verbs are in
// the same order.
var words = map[string][2]string{
	"title":         {"Capacity report: %s", "容量规划报告：%s"},
	"none":          {"Nothing is feasible for %s.", "在给定限制内，没有可行方案：%s。"},
	"closest":       {"Closest: %s: %s.", "最接近可行的是 %s：%s。"},
	"would":         {"It would be with: %s.", "满足以下条件即可行：%s。"},
	"decision":      {"Deploy %s in %s on %s: %s.", "部署 %s（%s 精度，引擎 %s）：%s。"},
	"decomposition": {"%d accelerators = %d replicas x %s, %d of them spare, on %d nodes of %s", "%d 块加速卡 = %d 个副本 x %s，其中 %d 个备用，分布在 %d 个 %s 节点上"},
	"prefill":       {"%s; and %d replicas x %s that only prefill", "%s；另有 %d 个副本 x %s 只做预填充"},
	"carries":       {"It carries %s.", "可承载：%s。"},
	"rate":          {"%s requests/s at the peak", "峰值每秒 %s 个请求"},
	"users":         {"%s users at the peak", "峰值 %s 个用户"},
	"lengths":       {"%s, %s tokens in and %s out", "%s，输入 %s、输出 %s 个词元"},
	"tuned":         {"%s is %s: %s.", "%s 设为 %s：%s。"},
	"costs":         {"It costs %s a month, %s a million output tokens over those that are served.", "每月费用 %s；按实际服务量计，每百万输出词元 %s。"},
	"unpriced":      {"What it costs is unknown: %s.", "费用未知：%s。"},
	"headroom":      {"The replicas carry %s requests/s, %s more than the peak; what breaks first is %s.", "这些副本最多承载每秒 %s 个请求，比峰值高 %s；最先突破的是 %s。"},
	"double":        {"At %g times the peak, %s.", "负载为峰值的 %g 倍时，%s。"},
	"double_ok":     {"every objective is still kept", "所有目标仍可满足"},
	"double_full":   {"the queue grows without end", "排队无限增长"},
	"double_over":   {"%s is %s of its bound", "%s 为其上限的 %s"},
	"double_needs":  {"that takes %d replicas", "需要 %d 个副本"},

	"topology":        {"Topology", "拓扑"},
	"router":          {"Router", "路由"},
	"node":            {"node %d", "节点 %d"},
	"replica":         {"replica %d", "副本 %d"},
	"spare":           {"spare", "备用"},
	"unused":          {"unused", "未用"},
	"more":            {"and %d more nodes alike", "另有 %d 个相同节点"},
	"objectives":      {"Objectives", "服务目标"},
	"class":           {"class", "类别"},
	"objective":       {"objective", "目标"},
	"bound":           {"bound", "上限"},
	"value":           {"value", "数值"},
	"sampling":        {"by sampling (95 %)", "抽样区间（95 %）"},
	"reach":           {"within the estimate's error", "估计误差范围内"},
	"verdict":         {"verdict", "结论"},
	"met":             {"met", "满足"},
	"probably met":    {"probably met", "很可能满足"},
	"probably missed": {"probably missed", "很可能不满足"},
	"missed":          {"missed", "不满足"},
	"reading":         {"\"Met\" and \"missed\" hold over both intervals: what another draw of the load would change, and steps up to %.2f times as slow or as fast as estimated.", "“满足”与“不满足”在两个区间内都成立：抽样变化，以及步时比估计慢或快至多 %.2f 倍。"},

	"memory":     {"Memory of one accelerator", "单卡显存"},
	"line":       {"line", "项目"},
	"bytes":      {"bytes", "大小"},
	"interval":   {"interval", "区间"},
	"basis":      {"basis", "依据"},
	"latency":    {"Latency at the peak, ms", "峰值时延（毫秒）"},
	"down":       {"with the spare down", "备用副本不可用时"},
	"of":         {"of", "指标"},
	"mean":       {"mean", "均值"},
	"within":     {"%s within the error", "%s（误差范围内）"},
	"all_up":     {"%s with all up", "%s（全部副本可用）"},
	"curves":     {"Over the load", "随负载变化"},
	"x_load":     {"load (share of the peak)", "负载（占峰值的比例）"},
	"curve_ttft": {"TTFT p95 over the load, with the estimate's error", "TTFT p95 随负载变化（含估计误差带）"},
	"curve_tpot": {"TPOT p95 over the load, with the estimate's error", "TPOT p95 随负载变化（含估计误差带）"},
	"curve_out":  {"Output tokens/s over the load", "输出吞吐随负载变化"},
	"out_axis":   {"output tokens/s", "每秒输出词元"},
	"growth":     {"As the load grows", "负载增长"},
	"month":      {"month", "月份"},
	"load":       {"load", "负载"},
	"replicas":   {"replicas, without spares", "副本数（不含备用）"},

	"cost":      {"Cost", "费用"},
	"cost_year": {"Cost a year in %s, straight line", "年度费用（%s，直线法）"},
	"amount":    {"amount", "金额"},
	"how":       {"how", "算法"},
	"year":      {"a year, straight line", "每年（直线法）"},
	"annuity":   {"a year, as an annuity", "每年（年金法）"},
	"tco":       {"TCO over %g years", "%g 年总拥有成本"},
	"npv":       {"net present value", "净现值"},
	"left_out":  {"Not stated, and left out: %s.", "未给出、未计入：%s。"},
	"tokens":    {"A million output tokens costs %s over the tokens that are served (compare this with an API), and %s if the replicas were full all year, which no load does.", "每百万输出词元：按实际服务量为 %s（可与 API 价格比较）；若全年满载为 %s，实际负载达不到。"},
	"carbon":    {"%s t CO2 equivalent a year.", "每年排放 %s 吨二氧化碳当量。"},
	"api":       {"An API at %s a million tokens costs %s a month for the %s million that are served.", "若用 API（每百万词元 %s），月费用 %s，对应每月服务量 %s 百万词元。"},
	"api_from":  {" From %s million a month on the deployment is cheaper; it can serve %s million.", "每月超过 %s 百万词元时自建更便宜；最多可服务 %s 百万。"},
	"reserve":   {"Of the accelerators %d are worth reserving at %s an hour (on demand %s), and up to %d are taken on demand in the hours that need them: %s a month, %s less than all on demand at every hour.", "建议预留 %d 块加速卡，每小时 %s（按需价 %s），其余最多 %d 块在需要的时段按需租用：每月 %s，比全部全天按需租用低 %s。"},
	"rent":      {"Renting the same accelerators at %s an hour is dearer from %s of the hours in use on; %s are planned.", "以每小时 %s 租用同样的加速卡，使用时间占比超过 %s 时更贵；计划占比为 %s。"},
	"tornado":   {"What moves the cost, %s a month", "费用敏感性（%s/月）"},
	"sure":      {"How sure the choice is", "选择的把握"},
	"option":    {"option", "方案"},
	"first":     {"cheapest in", "最便宜的概率"},
	"flip":      {"With probability %s another option than the first is the cheapest, over the factors above.", "在上述因素变化下，其他方案最便宜的概率为 %s。"},
	"pareto":    {"Quality and cost", "质量与费用"},
	"pareto_x":  {"cost a month (%s)", "月费用（%s）"},
	"pareto_y":  {"quality (0 to 100)", "质量（0 至 100）"},
	"front":     {"More quality for more money", "更高质量的方案"},
	"others":    {"The same model otherwise", "同一模型的其他方案"},
	"model":     {"model", "模型"},
	"quality":   {"quality", "质量"},
	"precision": {"precision", "精度"},
	"hardware":  {"hardware", "硬件"},
	"shape":     {"replicas", "副本"},
	"nodes":     {"nodes", "节点"},
	"monthly":   {"%s a month", "%s/月"},
	"why_not":   {"Why not the others", "其他模型为何落选"},
	"reason":    {"first reason", "首要原因"},
	"margin":    {"margin", "差距"},
	"change":    {"smallest change", "最小改变"},
	"shown":     {"%d of %d are shown.", "仅列出 %d 个，共 %d 个。"},
	"assumed":   {"Assumptions", "假设"},
	"what":      {"what", "项目"},
	"why":       {"why", "原因"},
	"method":    {"Method and limits", "方法与局限"},
	"method_1":  {"Step times are estimated from fitted kernel curves; requests are simulated through the engine's scheduler. %d models were considered, %d deployments estimated and %d simulated; what was not looked at costs at least as much as what was taken.", "步时由拟合的算子曲线估计；请求按引擎的调度逐步模拟。共考察 %d 个模型，估计 %d 种部署，模拟 %d 种；未考察者的费用不低于所选方案。"},
	"method_2":  {"An estimate is not a measurement: run the load generator against one replica before buying, and hold the result against this report. Quality is from published scores. Prices are those stated, of their dates; taxes and discounts are not in them.", "估计不等于实测：采购前请在一个副本上运行负载测试，并与本报告对照。质量来自公开评测分数。价格以所示日期为准，不含税费与折扣。"},
	"repeat":    {"To repeat", "复现"},
	"made":      {"Made by %s on %s; catalog SHA-256 %s.", "由 %s 于 %s 生成；目录 SHA-256：%s。"},
	"warnings":  {"Warnings", "提示"},
}

// say is the words of an id in a language.
func (l Language) say(id string, args ...any) string {
	w, known := words[id]
	if !known {
		panic("capacity: no words for " + id)
	}
	text := w[0]
	if l == Chinese {
		text = w[1]
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}
