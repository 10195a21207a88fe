// The alarm for each use of a break-glass credential, or of its group by impersonation: a log line, an Event, and a record for `bulkhead status`.
import type { Authentication, Credentials } from '../access/access.ts'
import { type BreakGlassUse, breakGlassRecord } from '../api/credentials/break-glass-record.ts'
import { isReason } from '../api/status.ts'
import { type Clock, formatTime } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { writeJson } from '../base/write-json.ts'
import { Client } from '../client/client.ts'
import { EventRecorder } from '../client/event-recorder.ts'
import { configMaps } from '../client/resources.ts'
import type { ApiServer } from '../server/api-server.ts'
import type { ApiServerOptions } from '../server/api-server-options.ts'
import { serverIdentity } from '../server/bootstrap.ts'
import { isBreakGlass } from '../server/request/break-glass.ts'

export const breakGlassReason = 'BreakGlassUsed'

/** One command sends several requests: a credential from an address is reported once in this time. Each request is in the audit log. */
const quietMs = 60_000
const maxRemembered = 100

type Authenticate = (credentials: Credentials) => Promise<Authentication>

export class BreakGlassAlarm {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #reported = new Map<string, number>()
  #report: (use: BreakGlassUse) => void = () => undefined

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock
    this.#log = log
  }

  /** The same authentication, which sees each request from outside. */
  watching(authenticate: Authenticate): Authenticate {
    return async credentials => {
      const authentication = await authenticate(credentials)
      if (authentication.outcome === 'authenticated' && isBreakGlass(authentication)) this.#used(authentication, credentials.remoteAddress)
      return authentication
    }
  }

  /** A request that acts as a member of the group. */
  readonly acting: NonNullable<ApiServerOptions['onActingMaster']> = (authentication, actingAs, address) =>
    this.#used(authentication, address, actingAs)

  /** Writes Events and the record while the server runs. */
  attach(server: ApiServer): void {
    const log = this.#log
    server.runAlongside(async signal => {
      await using transport = server.transportFor(serverIdentity)
      const client = new Client(transport)
      await using events = new EventRecorder({
        client,
        ...{ component: 'kube-apiserver', clock: this.#clock, log, random: Math.random },
      })
      let writing: Promise<void> = Promise.resolve()
      this.#report = use => {
        if (signal.aborted) return
        const about = { apiVersion: 'v1', kind: 'Namespace', name: breakGlassRecord.namespace }
        events.record(about, 'Warning', breakGlassReason, messageOf(use))
        writing = writing
          .then(() => record(client, use, signal))
          .catch((err: unknown) => log.error('break-glass use not recorded', { err }))
      }
      if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
      await writing
    })
  }

  #used({ user, credentialId }: Extract<Authentication, { outcome: 'authenticated' }>, address: string, actingAs = ''): void {
    const key = `${credentialId} ${address} ${actingAs}`
    const now = this.#clock.monotonic()
    if (now - (this.#reported.get(key) ?? Number.NEGATIVE_INFINITY) < quietMs) return
    this.#reported.delete(key)
    this.#reported.set(key, now)
    const [oldest] = this.#reported.keys()
    if (this.#reported.size > maxRemembered && oldest !== undefined) this.#reported.delete(oldest)
    const use = { time: formatTime(this.#clock.now()), user: user.name, address, credential: credentialId, actingAs }
    const what = actingAs === '' ? 'break-glass credential used' : 'system:masters used by impersonation'
    this.#log.error(what, { user: use.user, address, credential: credentialId, actingAs })
    this.#report(use)
  }
}

function messageOf({ user, address, credential, actingAs }: BreakGlassUse): string {
  if (actingAs !== '')
    return `User ${writeJson(user)} acted as ${writeJson(actingAs)} of group system:masters from ${address} with ${credential}. If nobody of you did, deny the credential (docs/authentication.md), and read its requests in the audit log`
  return `User ${writeJson(user)} of group system:masters came from ${address} with ${credential}. If nobody of you did, deny the certificate (docs/authentication.md), and read its requests in the audit log`
}

async function record(client: Client, use: BreakGlassUse, signal: AbortSignal): Promise<void> {
  const { namespace, name } = breakGlassRecord
  const data = { ...use }
  try {
    await client.patch(configMaps, namespace, name, { data }, { type: 'merge' }, signal)
  } catch (err) {
    if (!isReason(err, 'NotFound')) throw err
    await client.create(configMaps, namespace, { metadata: { name }, data }, signal)
  }
}
