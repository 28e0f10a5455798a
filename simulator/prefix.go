package simulator

// prefixCache remembers what prompts began with, segment by segment, for those that
// begin alike. Of blocks that no sequence uses, the least recently used are given up
// first, the later ones of a prompt before the earlier.
type prefixCache struct {
	size    int // tokens of a block
	entries map[uint64]*entry
	oldest  entry // of the list of those that nobody uses: next is the oldest
}

// entry is a segment in the cache, or blocks that nothing will find again.
type entry struct {
	id         uint64
	start      int // tokens of the prompt before it
	tokens     int // of it, from its beginning
	blocks     int
	refs       int // sequences that use it
	named      bool
	prev, next *entry // while nobody uses it
}

func newPrefixCache(size int) *prefixCache {
	c := &prefixCache{size: size, entries: map[uint64]*entry{}}
	c.oldest.prev, c.oldest.next = &c.oldest, &c.oldest
	return c
}

// whole is how many blocks end within a segment of so many tokens after start.
func (c *prefixCache) whole(start, tokens int) int { return (start+tokens)/c.size - start/c.size }

func (c *prefixCache) push(e *entry) {
	e.prev, e.next = c.oldest.prev, &c.oldest
	e.prev.next, e.next.prev = e, e
}

func (e *entry) unlink() {
	e.prev.next, e.next.prev = e.next, e.prev
	e.prev, e.next = nil, nil
}

// match is how many tokens of a prompt are found, in whole blocks and at most so
// many, and the blocks that hold them.
func (c *prefixCache) match(prefix []Segment, most int) (tokens, blocks int) {
	start := 0
	for _, s := range prefix {
		e := c.entries[s.ID]
		if e == nil {
			break
		}
		tokens = start + min(e.tokens, s.Tokens)
		if e.tokens < s.Tokens {
			break
		}
		start += s.Tokens
	}
	blocks = min(tokens, most) / c.size
	return blocks * c.size, blocks
}

// evict gives up n blocks that nobody uses, as far as there are.
func (c *prefixCache) evict(n int) (freed int) {
	for n > freed && c.oldest.next != &c.oldest {
		e := c.oldest.next
		x := min(e.blocks, n-freed)
		freed += x
		if e.blocks -= x; e.blocks == 0 {
			e.unlink()
			if e.named {
				delete(c.entries, e.id)
			}
			continue
		}
		e.tokens = (e.start/c.size+e.blocks)*c.size - e.start
	}
	return freed
}

// revives is how many blocks come back into use when so many tokens of a prompt are
// shared.
func (p *pool) revives(prefix []Segment, hit int) (blocks int) {
	start := 0
	for _, s := range prefix { // none without a hit
		if start >= hit {
			break
		}
		if e := p.prefixes.entries[s.ID]; e.refs == 0 {
			blocks += e.blocks
		}
		start += s.Tokens
	}
	return blocks
}

// share uses the segments that hold so many tokens of a prompt, and returns how many
// they are.
func (p *pool) share(prefix []Segment, hit int) (held int) {
	start := 0
	for _, s := range prefix {
		if start >= hit {
			break
		}
		e := p.prefixes.entries[s.ID]
		if e.refs == 0 {
			e.unlink()
			p.cached -= e.blocks
			p.used += e.blocks
		}
		e.refs++
		held++
		start += s.Tokens
	}
	p.peak = max(p.peak, p.used)
	return held
}

// publish lets others find what a sequence has computed of its prompt.
func (p *pool) publish(s *running) {
	if p.prefixes == nil {
		return
	}
	start := 0
	for i, segment := range s.Prefix {
		switch e := p.prefixes.entries[segment.ID]; {
		case i < s.held:
			if e.tokens < segment.Tokens && !p.extend(e, s, segment.Tokens) {
				return
			}
		case e != nil: // another was faster
			return
		default:
			e = &entry{id: segment.ID, start: start, named: true, refs: 1}
			p.prefixes.entries[segment.ID] = e
			s.held++
			if !p.extend(e, s, segment.Tokens) {
				return
			}
		}
		start += segment.Tokens
	}
}

// extend makes a segment that only one sequence uses so many tokens long, with
// blocks of that sequence; false: others use it too.
func (p *pool) extend(e *entry, s *running, tokens int) bool {
	if e.refs > 1 {
		return false
	}
	more := min(p.prefixes.whole(e.start, tokens)-e.blocks, s.blocks)
	e.blocks += more
	s.blocks -= more
	e.tokens = tokens
	return true
}

// release gives back the blocks of a sequence, and so many that it took since it
// decodes. Of its tokens, so many may be found again.
func (p *pool) release(s *running, taken, tokens int) {
	s.blocks += taken
	if p.prefixes == nil {
		p.used -= s.blocks
		s.blocks = 0
		return
	}
	if n := len(s.Prefix); s.Grows && n > 0 && s.held == n {
		if e := p.prefixes.entries[s.Prefix[n-1].ID]; tokens-e.start > e.tokens {
			p.extend(e, s, tokens-e.start)
		}
	}
	p.used -= s.blocks
	if tokens > 0 && s.blocks > 0 {
		p.prefixes.push(&entry{blocks: s.blocks})
		p.cached += s.blocks
	}
	s.blocks = 0
	for i := s.held - 1; i >= 0; i-- {
		e := p.prefixes.entries[s.Prefix[i].ID]
		if e.refs--; e.refs > 0 {
			continue
		}
		p.used -= e.blocks
		if e.blocks == 0 { // shorter than a block
			delete(p.prefixes.entries, e.id)
			continue
		}
		p.prefixes.push(e)
		p.cached += e.blocks
	}
	s.held = 0
}
