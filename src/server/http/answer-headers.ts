// The headers of every response, the same on each transport.
import type { FinalReply } from './exchange.ts'

const maxWarningBytes = 2048
const maxWarningsBytes = 4096

/**
 * Lower-case names and values in turn, as Node accepts them on each transport. With a list, HTTP/2 sends a small response a fifth cheaper than with an object.
 * A name may repeat. Headers of the reply replace the common ones.
 */
export function answerHeaders(reply: FinalReply): string[] {
  const { contentType, auditId, flow, headers, warnings } = reply
  const list: string[] = []
  const add = (name: string, value: string) => {
    if (headers === undefined || !Object.hasOwn(headers, name)) list.push(name, value)
  }
  if (contentType !== '') add('content-type', contentType)
  add('cache-control', 'no-cache, private')
  add('audit-id', auditId)
  if (flow?.schema.metadata.uid !== undefined) {
    add('x-kubernetes-pf-flowschema-uid', flow.schema.metadata.uid)
    add('x-kubernetes-pf-prioritylevel-uid', flow.level.uid)
  }
  for (const name in headers) {
    const value = headers[name] ?? []
    for (const one of typeof value === 'string' ? [value] : value) list.push(name, one)
  }
  if (warnings.length > 0) for (const text of warningHeaders(warnings)) list.push('warning', text)
  return list
}

/** Whether a list of names and values contains this name. */
export function hasHeader(list: readonly string[], name: string): boolean {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) return true
  return false
}

/** The list as an object; repeated headers become an array. */
export function headersByName(list: readonly string[]): Record<string, string | string[]> {
  const byName = new Map<string, string[]>()
  for (let i = 0; i < list.length; i += 2) {
    const [name = '', value = ''] = [list[i], list[i + 1]]
    byName.set(name, [...(byName.get(name) ?? []), value])
  }
  return Object.fromEntries([...byName].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]))
}

/** As upstream: code 299, no agent, the text quoted. Long texts are cut and excess ones dropped. */
function warningHeaders(warnings: readonly string[]): string[] {
  const sent: string[] = []
  let total = 0
  for (const warning of warnings) {
    const text = printable(warning).slice(0, maxWarningBytes)
    total += text.length
    if (total > maxWarningsBytes) break
    sent.push(`299 - "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
  }
  return sent
}

/** Header values are one line of Latin-1. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, character => (character === '\n' || character === '\t' ? ' ' : '?'))
}
