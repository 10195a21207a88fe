// The attempts of one proof: each attacks one weakness, and each is recorded with what was sent, what had to come of it, and what came.
import type { Transport } from '../client/transport/transport.ts'
import { type Answer, causesOf, type ProofRequest, request, succeeded } from './request.ts'

export interface Attempt {
  /** The weakness that it attacks, such as `host port of an init container in a CronJob`. Unique in its proof. */
  readonly name: string
  /** Such as `POST /api/v1/namespaces/x/pods?dryRun=All`. */
  readonly sent: string
  readonly expected: string
  readonly answered: string
  readonly held: boolean
}

/** What a refusal must look like; with `names` another rule's refusal does not count. */
export interface Refusal {
  /** Status code; default 403. */
  readonly status?: number
  /** Must occur in the message: the name of the rule that refuses. */
  readonly names?: string
  /** The reasons that the causes of the Status must have and no others, each by its beginning; the first one's field must end like this. */
  readonly causes?: { readonly reasons: readonly string[]; readonly field: string }
}

/** Length to which an answer's text is cut. */
const maxText = 500

export class AttemptLog {
  readonly #attempts: Attempt[] = []

  get all(): readonly Attempt[] {
    return this.#attempts
  }

  /** A line for each attempt that did not hold. */
  get found(): string[] {
    return this.#attempts.filter(({ held }) => !held).map(({ name, answered, expected }) => `${name}: ${answered}, expected ${expected}`)
  }

  record(attempt: Attempt): void {
    this.#attempts.push({ ...attempt, answered: cut(attempt.answered) })
  }

  /** Sends a request that one rule must refuse. */
  async refused(name: string, transport: Transport, question: ProofRequest, refusal: Refusal, signal: AbortSignal): Promise<Answer> {
    const { status = 403, names, causes } = refusal
    const answer = await request(transport, question, signal)
    const named = names === undefined || answer.message.includes(names)
    const held = answer.status === status && named && (causes === undefined || hasCauses(answer, causes))
    const by = names === undefined ? '' : ` by "${names}"`
    const expected = `${status}${by}${causes === undefined ? '' : ` for ${causes.reasons.join(' and ')} at ${causes.field} alone`}`
    this.record({ name, sent: sentLine(question), expected, answered: answerLine(answer), held })
    return answer
  }

  /** Sends the twin of an attack, which breaks no rule: without it, a server that refuses everything would pass. */
  async accepted(name: string, transport: Transport, question: ProofRequest, signal: AbortSignal): Promise<Answer> {
    const answer = await request(transport, question, signal)
    this.record({ name, sent: sentLine(question), expected: 'success', answered: answerLine(answer), held: succeeded(answer) })
    return answer
  }
}

const sentLine = ({ method, path }: ProofRequest): string => `${method} ${path}`

const answerLine = ({ status, message }: Answer): string => (message === '' ? `answered ${status}` : `answered ${status} (${message})`)

function hasCauses(answer: Answer, { reasons, field }: NonNullable<Refusal['causes']>): boolean {
  const causes = causesOf(answer)
  const [first = ''] = reasons
  return (
    causes.some(cause => cause.reason.startsWith(first) && cause.field.endsWith(field)) &&
    causes.every(cause => reasons.some(reason => cause.reason.startsWith(reason))) &&
    reasons.every(reason => causes.some(cause => cause.reason.startsWith(reason)))
  )
}

const cut = (text: string): string => (text.length <= maxText ? text : `${text.slice(0, maxText)}…`)
