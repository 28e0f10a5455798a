package capacity

import (
	"regexp"
	"strings"

	"github.com/plimsoll-dev/plimsoll/catalog"
)

// The planner and what is below it say their reasons in English sentences. Each that is
// known is a pattern here, {} being what varies, with the limit that it is about and the
// same in Chinese; $1 is the first {}. What no pattern knows is quoted as it is.
type saying struct {
	kind    string
	english string
	chinese string
}

// Kinds of limits, by which losers are counted.
const (
	kindLicence, kindContext, kindQuality, kindScore = "licence", "context", "quality", "score"
	kindSupport, kindMemory, kindRegion              = "support", "memory", "region"
	kindObjective, kindBudget, kindPrice, kindOther  = "objective", "budget", "price", "other"
)

func reasons() []saying {
	return []saying{
		{kindLicence, "licence {} is not among {}", "许可证 $1 不在接受范围：$2"},
		{kindContext, "its context is {} tokens, {} asked", "其上下文长度为 $1 个词元，要求 $2"},
		{kindScore, "no published score for use case {}", "没有公开的评测分数（用途：$1）"},
		{kindQuality, "quality {} in {} is below {}", "质量 $1（精度 $2）低于要求的 $3"},
		{kindQuality, "quality {} is below {}", "质量 $1 低于要求的 $2"},
		{kindRegion, "{} is in {}, accepted are {}", "$1 位于 $2，接受的区域为 $3"},
		{kindOther, "{} is spot: its provider may take all replicas back at once, and {} to spare are no cover", "$1 为竞价租用：提供方可能同时收回全部副本，$2 个备用副本无法保障"},
		{kindSupport, "{} does not run on {}", "引擎 $1 不能在 $2 上运行"},
		{kindSupport, "it loads in {}, accepted are {}", "可加载的精度为 $1，接受的为 $2"},
		{kindSupport, "{} loads none of its precisions", "$1 不能加载它的任何精度"},
		{kindSupport, "{} does not load {} weights", "$1 不能加载 $2 权重"},
		{kindSupport, "{} needs compute capability {}, {} has {}", "$1 要求计算能力 $2，$3 为 $4"},
		{kindMemory, "{} weights take {} of {} at least, a node has {}", "$1 权重至少需要 $2 块 $3，而一个节点只有 $4 块"},
		{kindMemory, "{} on {} lacks {} GiB on each", "精度 $1、$2：每卡缺 $3 GiB"},
		{kindObjective, "{} is {} ms on an idle replica ({} on {}), {} asked", "空闲副本上 $1 已为 $2 毫秒（$3，$4），要求 $5"},
		{kindObjective, "the queue grows without end even with {} replicas of {} on {}", "即使有 $1 个副本（$2，$3），排队仍无限增长"},
		{kindObjective, "{} is {} times its bound even with {} replicas of {} on {}", "即使有 $3 个副本（$4，$5），$1 仍为上限的 $2 倍"},
		{kindObjective, "{} is {} times its bound even with {} replicas that prefill and {} that decode", "即使有 $3 个预填充副本与 $4 个解码副本，$1 仍为上限的 $2 倍"},
		{kindBudget, "nodes: {} on {}, there are {}", "节点数：在 $2 上需要 $1，现有 $3"},
		{kindBudget, "accelerators: {} on {}, there are {}", "加速卡数：在 $2 上需要 $1，上限 $3"},
		{kindBudget, "rack units: {} on {}, there are {}", "机架单元：在 $2 上需要 $1，上限 $3"},
		{kindBudget, "watts: {} on {}, there are {}", "功率（瓦）：在 $2 上需要 $1，上限 $3"},
		{kindBudget, "the cost a month of {} is {}, the budget is {}", "$1 的月费用为 $2，预算为 $3"},
		{kindBudget, "the capital of {} is {}, the budget is {}", "$1 的一次性投入为 $2，预算为 $3"},
		{kindBudget, "a million output tokens of {} is {}, the budget is {}", "$1 的每百万输出词元费用为 $2，预算为 $3"},
		{kindBudget, "the price of {} is unknown, and the budget is of money", "$1 的价格未知，而预算以金额计"},
		{kindPrice, "{} is no worse and costs {} a month; this costs {} at least, on {}", "$1 质量不低，月费用 $2；本模型至少 $3（$4）"},
		{kindPrice, "{} is no worse, and takes no more", "$1 质量不低，所需硬件不多"},
		{kindPrice, "{} in {} is no worse, and costs no more", "$1（精度 $2）质量不低，费用不高"},
	}
}

func changes() []saying {
	return []saying{
		{"", "accept that licence", "接受该许可证"},
		{"", "accept region {}", "接受区域 $1"},
		{"", "accept precision {}", "接受精度 $1"},
		{"", "nodes of more accelerators", "每节点加速卡更多的硬件"},
		{"", "a budget of {} accelerators", "加速卡上限提高到 $1 块"},
		{"", "a budget of {}", "预算提高到 $1"},
		{"", "{} more nodes of {}", "再增加 $1 个 $2 节点"},
		{"", "{} rack units", "$1 个机架单元"},
		{"", "no spare replicas, or a price on demand", "不设备用副本，或采用按需价格"},
		{"", "a price for it", "给出其价格"},
		{"", "drop {}", "去掉 $1"},
		{"", "{} at {} of its price", "$1 降到其价格的 $2"},
		{"", "a context of {} tokens instead of {}, with {}", "上下文由 $2 缩短到 $1 个词元，并设 $3"},
		{"", "a context of {} tokens instead of {}", "上下文由 $2 缩短到 $1 个词元"},
		{"", "{} more per accelerator, a smaller precision or a larger TP", "每卡再多 $1 显存、更低的精度或更大的 TP"},
	}
}

func sentences() []saying {
	return []saying{
		{"", "the catalog's figures for {} have trust {}: recalled or announced, not read from a datasheet", "目录中 $1 的数据可信度为 $2：为回忆或公告数据，并非取自数据手册"},
		{"", "the memory bandwidth of {} is unknown, and with it every speed: nothing is recommended on it", "$1 的显存带宽未知，速度也就未知：不推荐使用"},
		{"", "it has no command: {}", "没有启动命令：「$1」"},
		{"", "the most widely deployed; --engine names others", "部署最广的引擎；可用 --engine 指定其他引擎"},
		{"", "what the longest requests of the load need", "由负载中最长的请求决定"},
		{"", "use case {}", "用途 $1"},
		{"", "use case {}, shortened to the context", "用途 $1，按上下文长度缩短"},
		{"", "the model's own maximum", "模型自身的最大值"},
		{"", "{} default on this device", "$1 在该设备上的默认值"},
		{"", "{} default", "$1 的默认值"},
		{"", "the largest sold as {}; a size may follow the name", "以 $1 之名出售的最大容量；名称后可注明容量"},
	}
}

func costReasons() []saying {
	return []saying{
		{"", "operational: {}", "运行排放：$1"},
		{"", "embodied: {}", "制造排放：$1"},
		{"", "rented: the provider's power and grid are not known", "租用：供应商的功率与电网未知"},
		{"", "neither {} nor {} is known", "$1 与 $2 均未给出"},
		{"", "{}: {} and {} are not both known", "$1：$2 与 $3 未全部给出"},
		{"", "{}: on demand: {}", "$1：按需租用：$2"},
		{"", "{}: spot: {}", "$1：竞价租用：$2"},
		{"", "{}: reserved: {}", "$1：预留租用：$2"},
		{"", "{}: accelerators: {}", "$1：加速卡：$2"},
		{"", "{}: {}", "$1：$2"},
		{"", "{} is not known", "未知：$1"},
		{"", "{} is not stated", "未给出 $1"},
	}
}

func costLines() []saying {
	return []saying{
		{"", "{}: accelerators", "$1：加速卡"}, {"", "{}: hosts", "$1：主机"}, {"", "{}: nodes", "$1：节点"},
		{"", "{} is spot: its provider may take all replicas back at once, and the price moves", "$1 为竞价租用：提供方可能同时收回全部副本，价格也会变动"},
		{"", "{}: on demand", "$1：按需租用"}, {"", "{}: spot", "$1：竞价租用"}, {"", "{}: reserved", "$1：预留租用"}, {"", "{}: egress and disks", "$1：流量与磁盘"},
		{"", "network", "网络"}, {"", "storage", "存储"}, {"", "spares", "备件"}, {"", "residual value", "残值"}, {"", "support", "维保"},
		{"", "electricity", "电费"}, {"", "colocation", "托管"}, {"", "software", "软件"}, {"", "staff", "人力"}, {"", "set-up", "部署"},
	}
}

func factors() []saying {
	return []saying{{"", "load", "负载"}, {"", "price of {}", "$1 的价格"}, {"", "step time of {} on {}", "步时（$1，$2）"}}
}

// match finds the saying of a sentence, and what stands where it has {}.
func match(list []saying, text string) (*saying, []string) {
	for i := range list {
		parts := strings.Split(list[i].english, "{}")
		for k := range parts {
			parts[k] = regexp.QuoteMeta(parts[k])
		}
		if found := regexp.MustCompile("^" + strings.Join(parts, "(.+?)") + "$").FindStringSubmatch(text); found != nil {
			return &list[i], found[1:]
		}
	}
	return nil, nil
}

// said is a sentence in the language of the report. What varies in it may be a sentence
// again.
func (l Language) said(list []saying, text string, inner ...saying) string {
	if l == English || text == "" {
		return text
	}
	s, parts := match(list, text)
	if s == nil {
		return l.quote(text)
	}
	var pairs []string
	for i, p := range parts {
		if k, _ := match(inner, p); k != nil {
			p = l.said(inner, p, inner...)
		}
		pairs = append(pairs, "$"+string(rune('1'+i)), p)
	}
	return strings.NewReplacer(pairs...).Replace(s.chinese)
}

// quote marks what stays English in a report of another language.
func (l Language) quote(text string) string {
	if l == English || text == "" {
		return text
	}
	return "「" + text + "」"
}

// kindOf is the limit that a reason is about.
func kindOf(reason string) string {
	if s, _ := match(reasons(), endless(reason)); s != nil {
		return s.kind
	}
	return kindOther
}

func (l Language) reason(text string) string { return l.said(reasons(), endless(text)) }

// endless says of a queue that grows without an end that it has no ratio to a bound.
func endless(text string) string {
	return strings.Replace(text, "the queue is +Inf times its bound", "the queue grows without end", 1)
}

// change is the smallest change, or several that are joined. A flag of the program says
// itself.
func (l Language) change(text string) string {
	if l == English {
		return text
	}
	var list []string
	for _, part := range strings.Split(text, ", and ") {
		if strings.HasPrefix(part, "--") {
			list = append(list, part)
		} else {
			list = append(list, l.said(changes(), part))
		}
	}
	return strings.Join(list, "；")
}

func (l Language) sentence(text string) string { return l.said(sentences(), text) }

func (l Language) costLine(text string) string { return l.said(costLines(), text) }

func (l Language) costWhy(text string) string {
	return l.said(costReasons(), text, append(costLines(), costReasons()...)...)
}

func (l Language) factor(text string) string { return l.said(factors(), text) }

// optionName is "fp8 on 8x L40S, TP 2" of a ranking.
func (l Language) optionName(text string) string {
	return l.said([]saying{{"", "measured on {}", "实测于 $1"}, {"", "{} on {}, {}", "$1，$2，$3"}}, text)
}

// limit is what breaks first: an objective, of a class or of all, or saturation.
func (l Language) limit(text string) string {
	if l == English {
		return text
	}
	if s, _ := match([]saying{{"", "saturation", "饱和"}, {"", "{} of {}", "$1（类别 $2）"}}, text); s != nil {
		return l.said([]saying{*s}, text)
	}
	return text // the name of an objective
}

// formula is how a line of a cost comes about: figures, and words that join them.
func (l Language) formula(text string) string {
	if l == English {
		return text
	}
	return strings.NewReplacer(
		"failure rate", "故障率", "lead time", "交付周期", " d / 365", " 天 / 365", " of accelerators", "（加速卡）", " of hardware", "（硬件）",
		" of purchases a year", "（采购额）/年", " of purchases", "（采购额）", " of IT at peak", "（IT 峰值）", " per kW-month", "/kW·月", " per kWh", "/kWh", " years", " 年", " FTE", " 全职人力",
	).Replace(text)
}

// basis is how a figure is known.
func (l Language) basis(b catalog.Basis) string {
	if b == "" {
		return ""
	}
	return l.known("basis_", string(b), string(b))
}
