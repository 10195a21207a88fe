// Formats an explanation: first the verdict, then each step that decided, and last what would pass.
import { dump } from 'js-yaml'
import type { MissingAccess } from '../../access/rights/explain-access.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ExplainedRequest, Explanation } from '../../server/paths/why/explanation.ts'
import { printable, printableParagraph } from '../terminal/printable.ts'

const indent = ' '.repeat(18)
/** In one line, whatever the text contains. */
export const label = (name: string, text: string): string => labelled(name, printable(text))
/** Messages may have several lines. */
const messageLabel = (name: string, text: string): string => labelled(name, printableParagraph(text, indent))
const labelled = (name: string, text: string): string => `  ${name.padEnd(15)} ${text}`
const continued = (text: string): string => `${indent}${printable(text)}`
export const indented = (text: string): string[] => text.trimEnd().split('\n').map(continued)

/** Several lines, without a final line end. */
export function formatExplanation(explanation: Explanation): string {
  return [
    headline(explanation),
    ...origin(explanation),
    ...authentication(explanation),
    ...authorization(explanation),
    ...mutations(explanation),
    ...webhooks(explanation),
    ...refusal(explanation),
    ...newer(explanation),
  ].join('\n')
}

function headline({ allowed, answer, request }: Explanation): string {
  const code = answer === undefined ? '' : ` ${answer.code}${answer.reason === undefined ? '' : ` ${answer.reason}`}`
  return printable(`${allowed ? 'ALLOWED' : 'REFUSED'}${code}: ${requestText(request)}`)
}

function requestText({ verb, path, group, resource = '', subresource, namespace, name }: ExplainedRequest): string {
  if (path !== undefined) return `${verb} ${path}`
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === undefined || group === '' ? '' : `.${group}`}`
  return `${verb} ${what}${name === undefined ? '' : ` "${name}"`}${namespace === undefined ? ' at the cluster scope' : ` in namespace "${namespace}"`}`
}

function origin({ time, auditID }: Explanation): string[] {
  return time === undefined ? [] : [label('request', `${time} (audit id ${auditID ?? 'unknown'})`)]
}

function authentication({
  authentication: { user, groups, authenticator, impersonated, refusals = [] },
  refusedBy,
}: Explanation): string[] {
  if (refusedBy === 'authentication') {
    const [first, ...others] = refusals.map(({ authenticator: name, reason }) => `${name}: ${reason}`)
    return [
      label('authentication', `refused: ${first ?? 'the request has no credentials, and only health checks are allowed without them'}`),
      ...others.map(continued),
    ]
  }
  const by = authenticator === undefined ? '' : `, accepted by ${authenticator}`
  const who = (name: string, all: readonly string[]) => `${name} (${all.length === 0 ? 'no groups' : all.join(', ')})`
  return [
    label('user', `${who(user, groups)}${by}`),
    ...(impersonated === undefined ? [] : [label('acting as', who(impersonated.user, impersonated.groups))]),
  ]
}

function authorization({ authorization: decided }: Explanation): string[] {
  if (decided === undefined) return []
  const { decision, missing, webhook, error } = decided
  const reason =
    webhook === undefined ? decided.reason : `by webhook ${writeJson(webhook)}${decided.reason === undefined ? '' : `: ${decided.reason}`}`
  if (decision === 'allow') return [label('authorization', reason ?? 'allowed')]
  const lines = [label('authorization', reason ?? error ?? 'no binding grants this')]
  return missing === undefined ? lines : [...lines, ...missingText(missing)]
}

function missingText({ bindings, more, rule, namespace }: MissingAccess): string[] {
  const where = namespace === '' ? '' : ` for the whole cluster or in namespace "${namespace}"`
  const held = [...bindings, ...(more > 0 ? [`and ${more} more`] : [])]
  const [first = 'none', ...others] = held
  const place =
    namespace === '' ? 'in a ClusterRole, with a ClusterRoleBinding' : `in a Role of namespace "${namespace}", with a RoleBinding`
  return [
    label('bindings', held.length === 0 ? `none${where}` : first),
    ...others.map(continued),
    label('would allow', `this rule ${place}:`),
    ...indented(dump([rule], { lineWidth: -1, flowLevel: 2 })),
  ]
}

/** A refused field may come from a policy or webhook and not from the request. */
function mutations({ mutatedBy = [], mutatedByWebhooks = [] }: Explanation): string[] {
  return [
    ...mutatedBy.map(({ policy, binding }) => label('changed by', `MutatingAdmissionPolicy "${policy}" with binding "${binding}"`)),
    ...mutatedByWebhooks.map(({ webhook, configuration }) => label('changed by', `webhook "${webhook}" of "${configuration}"`)),
  ]
}

/** A failed webhook may have taken its whole timeout, even if the request continued. */
function webhooks({ webhooks: waits = [] }: Explanation): string[] {
  return waits.map(({ webhook, configuration, milliseconds, failure, passed }) => {
    const what = `"${webhook}" of "${configuration}" took ${milliseconds} ms`
    const end = failure === undefined ? '' : `: ${failure}${passed === true ? '; the request continued without it' : ''}`
    return label('webhook', `${what}${end}`)
  })
}

function refusal({ refusedBy, admission, fields = [], flowControl, answer, advice }: Explanation): string[] {
  if (refusedBy === undefined) return []
  const lines: string[] = []
  if (admission !== undefined) lines.push(label('admission', `refused by plug-in ${admission.plugin}`))
  if (flowControl !== undefined) lines.push(label('flow control', flowControl.reason))
  if (refusedBy === 'validation')
    lines.push(label('validation', `${fields.length} ${fields.length === 1 ? 'field is' : 'fields are'} not valid`))
  if (refusedBy === 'conflict') lines.push(label('conflict', 'with the stored object'))
  for (const { field, reason, message } of fields) {
    const text = [message, reason === undefined ? undefined : `(${reason})`].filter(part => part !== undefined).join(' ')
    lines.push(messageLabel('field', field === undefined ? text : `${field}: ${text}`))
  }
  if (admission?.patch !== undefined) lines.push(label('would pass', `with this JSON patch: ${writeJson(admission.patch)}`))
  const showsMessage = refusedBy !== 'authorization' && refusedBy !== 'authentication' && fields.length === 0
  if (showsMessage && answer?.message !== undefined) lines.push(messageLabel('answer', answer.message))
  if (advice !== undefined) lines.push(label('what helps', advice))
  return lines
}

function newer({ newer: later }: Explanation): string[] {
  if (later === undefined) return []
  const from = later.sourceIP === undefined ? '' : ` from ${later.sourceIP}`
  return [label('later', `a request${from} to ${later.path} had no valid credentials (401): bulkhead why ${later.auditID}`)]
}
