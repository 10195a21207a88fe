// Authorization: the authorizers in their explicit order; the first allow or deny decides, and without any opinion the answer is no.
import { aggregated } from '../api/go-text/aggregate-message.ts'
import type { ExternalWait } from '../base/async/external-wait.ts'
import { writeJson } from '../base/write-json.ts'
import type { AccessVerdict, Attributes, Authorizer, Decision, WebhookAuthorizer, WebhookDecision } from './access.ts'

/** The request, which lives as long as its decisions: each webhook gets the same question only once for it. */
export type Asker = object & {
  /** Counts the time that webhooks take. */
  readonly externalWait?: ExternalWait | undefined
}

export type Authorize = (attributes: Attributes, asker: Asker) => Promise<AccessVerdict>

export interface Authorization {
  readonly authorizers: readonly AnyAuthorizer[]
  readonly authorize: Authorize
}

export type AnyAuthorizer = Authorizer | WebhookAuthorizer

export const isLocal = (authorizer: AnyAuthorizer): authorizer is Authorizer => 'authorize' in authorizer

export function createAuthorization(authorizers: readonly AnyAuthorizer[]): Authorization {
  return authorizers.every(isLocal)
    ? { authorizers, authorize: async attributes => decide(authorizers, attributes) }
    : replaceableAuthorization(authorizers)
}

export interface ReplaceableAuthorization extends Authorization {
  /** Further decisions use these authorizers; a pending one keeps its answer. */
  replace(authorizers: readonly AnyAuthorizer[]): void
}

export function replaceableAuthorization(first: readonly AnyAuthorizer[]): ReplaceableAuthorization {
  let authorizers = first
  const webhookAnswers: WebhookAnswers = new WeakMap()
  return {
    get authorizers() {
      return authorizers
    },
    authorize: (attributes, asker) => decideWithWebhooks(authorizers, attributes, asker, webhookAnswers),
    replace(next) {
      authorizers = next
    },
  }
}

/** The reasons of authorizers without an opinion are joined, as upstream shows them in the 403. */
function decide(authorizers: readonly Authorizer[], attributes: Attributes): AccessVerdict {
  let reasons = ''
  for (const authorizer of authorizers) {
    const decided = authorizer.authorize(attributes)
    const { decision, reason } = decided
    if (decision === 'allow') return { allowed: true, authorizer: authorizer.name, reason, ...basisOf(decided) }
    if (decision === 'deny') return { allowed: false, reason, denied: true }
    if (reason !== '') reasons = reasons === '' ? reason : `${reasons}\n${reason}`
  }
  return { allowed: false, reason: reasons }
}

const basisOf = (decided: Decision) => ('basis' in decided ? { basis: decided.basis } : undefined)

/** The reasons of authorizers without an opinion. */
interface Heard {
  readonly reasons: string[]
  readonly errors: string[]
}

/** Answers of webhooks by request, webhook and question, so that one request asks each question once. */
type WebhookAnswers = WeakMap<object, Map<WebhookAuthorizer, Map<string, Promise<WebhookDecision>>>>

/** Decides as `decide()` does, with webhooks among the authorizers. */
async function decideWithWebhooks(
  authorizers: readonly AnyAuthorizer[],
  attributes: Attributes,
  asker: Asker,
  answers: WebhookAnswers,
): Promise<AccessVerdict> {
  const heard: Heard = { reasons: [], errors: [] }
  for (const authorizer of authorizers) {
    const decided = isLocal(authorizer) ? authorizer.authorize(attributes) : await askOnce(authorizer, attributes, heard, asker, answers)
    const verdict = verdictOf(authorizer, decided, heard)
    if (verdict !== undefined) return verdict
  }
  const { reasons, errors } = heard
  return { allowed: false, reason: reasons.join('\n'), ...(errors.length === 0 ? {} : { error: aggregated(errors) }) }
}

function askOnce(
  webhook: WebhookAuthorizer,
  attributes: Attributes,
  decision: object,
  asker: Asker,
  answers: WebhookAnswers,
): Promise<WebhookDecision> {
  const ofAsker = answers.get(asker) ?? new Map<WebhookAuthorizer, Map<string, Promise<WebhookDecision>>>()
  answers.set(asker, ofAsker)
  const ofWebhook = ofAsker.get(webhook) ?? new Map<string, Promise<WebhookDecision>>()
  ofAsker.set(webhook, ofWebhook)
  const question = writeJson(attributes)
  const answer = ofWebhook.get(question) ?? webhook.ask(attributes, decision)
  ofWebhook.set(question, answer)
  return asker.externalWait?.during(answer) ?? answer
}

/** Returns undefined for no opinion, and adds its reason and error to `heard`. A denial gives only its own reason. */
function verdictOf(authorizer: AnyAuthorizer, decided: WebhookDecision, { reasons, errors }: Heard): AccessVerdict | undefined {
  const { decision, reason, error } = decided
  const { name } = authorizer
  const webhook = isLocal(authorizer) ? {} : { webhook: name }
  if (decision === 'allow') return { allowed: true, authorizer: name, reason, ...webhook, ...basisOf(decided) }
  if (decision === 'deny') return { allowed: false, reason, denied: true, ...webhook, ...(error === undefined ? {} : { error }) }
  if (reason !== '') reasons.push(reason)
  if (error !== undefined) errors.push(error)
  return undefined
}
