// Authorization: the authorizers in their explicit order; the first allow or deny decides, and without any opinion the answer is no.
import { aggregated } from '../base/aggregated.ts'
import { AnswerPending } from '../base/answer-pending.ts'
import type { AccessVerdict, Attributes, Authorizer, Decision, WebhookAuthorizer, WebhookDecision } from './access.ts'

/**
 * Decides at once, or throws `AnswerPending`: asked again for the same `asker`, which is any object that lives as long as one request, the question is
 * answered. So all that decides over access stays free of waits, and a webhook is asked the same only once a request.
 */
export type Authorize = (attributes: Attributes, asker: object) => AccessVerdict

export interface Authorization {
  readonly authorizers: readonly AnyAuthorizer[]
  readonly authorize: Authorize
}

export type AnyAuthorizer = Authorizer | WebhookAuthorizer

export const isLocal = (authorizer: AnyAuthorizer): authorizer is Authorizer => 'authorize' in authorizer

export function createAuthorization(authorizers: readonly AnyAuthorizer[]): Authorization {
  return authorizers.every(isLocal)
    ? { authorizers, authorize: attributes => decide(authorizers, attributes) }
    : replaceableAuthorization(authorizers)
}

export interface ReplaceableAuthorization extends Authorization {
  /** Further decisions use these authorizers; a pending one keeps its answer. */
  replace(authorizers: readonly AnyAuthorizer[]): void
}

export function replaceableAuthorization(first: readonly AnyAuthorizer[]): ReplaceableAuthorization {
  let authorizers = first
  return {
    get authorizers() {
      return authorizers
    },
    authorize: onceAnswered(attributes => ask(authorizers, attributes, 0, { reasons: [], errors: [] })),
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

/** The same if webhooks are among the authorizers. */
function ask(
  authorizers: readonly AnyAuthorizer[],
  attributes: Attributes,
  from: number,
  heard: Heard,
): AccessVerdict | Promise<AccessVerdict> {
  for (let at = from; at < authorizers.length; at++) {
    const authorizer = authorizers[at]
    if (authorizer === undefined) break
    const decided = isLocal(authorizer) ? authorizer.authorize(attributes) : authorizer.ask(attributes, heard)
    if (decided instanceof Promise)
      return decided.then(decision => verdictOf(authorizer, decision, heard) ?? ask(authorizers, attributes, at + 1, heard))
    const verdict = verdictOf(authorizer, decided, heard)
    if (verdict !== undefined) return verdict
  }
  const { reasons, errors } = heard
  return { allowed: false, reason: reasons.join('\n'), ...(errors.length === 0 ? {} : { error: aggregated(errors) }) }
}

/** Undefined without an opinion, whose reason is added to `heard`. A denial has only its own reason. */
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

/** What was waited for is remembered for as long as its asker lives: an answer that nobody caches is still one. */
function onceAnswered(decideLate: (attributes: Attributes) => AccessVerdict | Promise<AccessVerdict>): Authorize {
  const answers = new WeakMap<object, Map<string, AccessVerdict>>()
  return (attributes, asker) => {
    const known = answers.get(asker)?.get(questionOf(attributes))
    if (known !== undefined) return known
    const verdict = decideLate(attributes)
    if (!(verdict instanceof Promise)) return verdict
    throw new AnswerPending(
      verdict.then(answer => {
        const ofAsker = answers.get(asker) ?? new Map<string, AccessVerdict>()
        answers.set(asker, ofAsker.set(questionOf(attributes), answer))
      }),
    )
  }
}

const questionOf = (attributes: Attributes): string => JSON.stringify(attributes)
