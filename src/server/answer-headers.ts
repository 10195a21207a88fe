// The headers of every answer, the same on each transport.
import type { FinalReply } from './exchange.ts'

const maxWarningBytes = 2048
const maxWarningsBytes = 4096

export function answerHeaders(reply: FinalReply): Record<string, string | string[] | number> {
  const headers: Record<string, string | string[] | number> = {
    ...(reply.contentType === '' ? {} : { 'content-type': reply.contentType }),
    'cache-control': 'no-cache, private',
    'audit-id': reply.auditId,
  }
  const { flow } = reply
  if (flow?.schema.metadata.uid !== undefined) {
    headers['x-kubernetes-pf-flowschema-uid'] = flow.schema.metadata.uid
    headers['x-kubernetes-pf-prioritylevel-uid'] = flow.level.uid
  }
  if (reply.headers) Object.assign(headers, reply.headers)
  if (reply.warnings.length > 0) headers['warning'] = warningHeaders(reply.warnings)
  return headers
}

/** As upstream: code 299, no agent, the text quoted; long texts are cut and too many are left out. */
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

/** Header values are Latin text in one line. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, character => (character === '\n' || character === '\t' ? ' ' : '?'))
}
