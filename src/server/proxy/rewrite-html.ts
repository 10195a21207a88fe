// Rewrites links in proxied HTML pages so that they lead through the proxy: the same attributes as upstream, and no other byte.
import { Transform } from 'node:stream'
import { type ProxiedPage, rewriteLocation } from './rewrite-location.ts'

const urlAttributes: ReadonlyMap<string, readonly string[]> = new Map([
  ['a', ['href']],
  ['applet', ['codebase']],
  ['area', ['href']],
  ['audio', ['src']],
  ['base', ['href']],
  ['blockquote', ['cite']],
  ['body', ['background']],
  ['button', ['formaction']],
  ['command', ['icon']],
  ['del', ['cite']],
  ['embed', ['src']],
  ['form', ['action']],
  ['frame', ['longdesc', 'src']],
  ['head', ['profile']],
  ['html', ['manifest']],
  ['iframe', ['longdesc', 'src']],
  ['img', ['longdesc', 'src', 'usemap']],
  ['input', ['src', 'usemap', 'formaction']],
  ['ins', ['cite']],
  ['link', ['href']],
  ['object', ['classid', 'codebase', 'data', 'usemap']],
  ['q', ['cite']],
  ['script', ['src']],
  ['source', ['src']],
  ['video', ['poster', 'src']],
])

/** Their content is raw text up to their end tag. */
const rawText = new Set(['iframe', 'noembed', 'noframes', 'script', 'style', 'textarea', 'title', 'xmp'])

/** A longer tag or comment is passed through, because buffering it would fill the memory. */
const maxTagLength = 64 * 1024

/** Works on bytes. Markup is ASCII in all common encodings, so other bytes pass unchanged. */
export function htmlRewriter(page: ProxiedPage): Transform {
  const rewriter = new HtmlRewriter({ ...page, prefix: escaped(page.prefix) })
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, Buffer.from(rewriter.push(chunk.toString('latin1')), 'latin1'))
    },
    flush(done) {
      done(null, Buffer.from(rewriter.rest, 'latin1'))
    },
  })
}

class HtmlRewriter {
  readonly #page: ProxiedPage
  #text = ''
  /** The end tag of the current raw text. */
  #until = ''

  constructor(page: ProxiedPage) {
    this.#page = page
  }

  /** Buffered markup whose end has not arrived. */
  get rest(): string {
    return this.#text
  }

  push(chunk: string): string {
    const text = this.#text + chunk
    // Once per piece: pages may consist only of scripts.
    const lower = text.toLowerCase()
    const out: string[] = []
    let at = 0
    while (at < text.length) {
      const next = this.#until === '' ? this.#markup(text, at, out) : this.#raw(text, lower, at, out)
      if (next === undefined) break
      at = next
    }
    this.#text = text.slice(at)
    return out.join('')
  }

  /** Returns the offset to continue at; undefined if more input is needed. */
  #markup(text: string, from: number, out: string[]): number | undefined {
    const open = text.indexOf('<', from)
    if (open < 0) {
      out.push(text.slice(from))
      return text.length
    }
    out.push(text.slice(from, open))
    const whole = text.length - open > maxTagLength
    const next = text[open + 1]
    if (next !== undefined && /[a-z]/i.test(next)) {
      const tag = scanTag(text, open)
      if (tag !== undefined) {
        out.push(this.#tag(text, open, tag))
        if (rawText.has(tag.name)) this.#until = `</${tag.name}`
        return tag.end
      }
    } else {
      const end = text.startsWith('<!--', open)
        ? after(text, '-->', open + 2)
        : next === undefined || /[!?/]/.test(next)
          ? after(text, '>', open)
          : open + 1
      if (end > 0) {
        out.push(text.slice(open, end))
        return end
      }
    }
    if (whole) {
      out.push('<')
      return open + 1
    }
    return open === from ? undefined : open
  }

  #raw(text: string, lower: string, from: number, out: string[]): number | undefined {
    const end = lower.indexOf(this.#until, from)
    if (end >= 0) {
      this.#until = ''
      out.push(text.slice(from, end))
      return end
    }
    const safe = text.length - this.#until.length
    if (safe <= from) return undefined
    out.push(text.slice(from, safe))
    return safe
  }

  #tag(text: string, start: number, { name, end, attributes }: Tag): string {
    const wanted = urlAttributes.get(name)
    if (wanted === undefined) return text.slice(start, end)
    const out: string[] = []
    let at = start
    for (const attribute of attributes) {
      if (!wanted.includes(attribute.name)) continue
      out.push(text.slice(at, attribute.from), rewriteLocation(text.slice(attribute.from, attribute.to), this.#page))
      at = attribute.to
    }
    out.push(text.slice(at, end))
    return out.join('')
  }
}

interface Tag {
  readonly name: string
  /** The offset behind its `>`. */
  readonly end: number
  /** Offsets of the values, without quotes. */
  readonly attributes: readonly { readonly name: string; readonly from: number; readonly to: number }[]
}

/** Parses the start tag at `open` (https://html.spec.whatwg.org/multipage/parsing.html); undefined if its end has not arrived. */
function scanTag(text: string, open: number): Tag | undefined {
  let at = skip(text, open + 1, runs.tagName)
  const name = text.slice(open + 1, at).toLowerCase()
  const attributes: { name: string; from: number; to: number }[] = []
  for (;;) {
    at = skip(text, at, runs.between)
    if (at >= text.length) return undefined
    if (text[at] === '>') return { name, end: at + 1, attributes }
    const begin = at
    // A leading equals sign belongs to the name.
    at = skip(text, at + 1, runs.attributeName)
    const attribute = text.slice(begin, at).toLowerCase()
    const equals = skip(text, at, runs.space)
    if (text[equals] !== '=') continue
    at = skip(text, equals + 1, runs.space)
    const quote = text[at]
    if (quote === '"' || quote === "'") {
      const end = text.indexOf(quote, at + 1)
      if (end < 0) return undefined
      attributes.push({ name: attribute, from: at + 1, to: end })
      at = end + 1
    } else {
      const end = skip(text, at, runs.bareValue)
      attributes.push({ name: attribute, from: at, to: end })
      at = end
    }
  }
}

const runs = { tagName: /[^\s/>]*/y, between: /[\s/]*/y, attributeName: /[^\s/>=]*/y, space: /\s*/y, bareValue: /[^\s>]*/y } as const

/** The offset behind the run that begins there. */
function skip(text: string, from: number, run: RegExp): number {
  run.lastIndex = from
  return run.test(text) ? run.lastIndex : from
}

/** The offset behind the next occurrence; 0 if there is none yet. */
function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from)
  return found < 0 ? 0 : found + mark.length
}

function escaped(text: string): string {
  return text.replace(/["'&<>]/g, character => `&#${character.charCodeAt(0)};`)
}
