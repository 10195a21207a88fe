// Checks the pinned keys of servers outside of the cluster, regularly and when their objects change.
import { pinnedCondition } from '../api/resources/supply/external-component.ts'
import { isReason } from '../api/status.ts'
import type { Condition } from '../api/types/meta-v1.ts'
import type { ExternalComponent } from '../api/types/supply-v1.ts'
import { type Clock, formatTime, pause } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { messageOf, UserError } from '../base/user-error.ts'
import { Informer } from '../client/cache/informer.ts'
import type { Client } from '../client/client.ts'
import { externalComponents } from '../client/resources.ts'
import { observedKey, type PinnedServer } from './observed-key.ts'

export interface FollowComponentsOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Default: a TLS handshake. */
  readonly keyOf?: (server: PinnedServer, signal: AbortSignal) => Promise<string>
}

/** Between two checks of a component. */
export const everyMs = 300_000
const settleMs = 50
/** Handshakes at once. */
const parallel = 4
/** Of all namespaces; further ones are not checked, and say so. */
export const maxComponents = 1000

/** Resolves after the signal. */
export async function followComponents(options: FollowComponentsOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, log, keyOf = observedKey } = options
  const informer = new Informer({ ...options, resource: externalComponents })
  const due = new Map<string, ExternalComponent>()
  const add = (component: ExternalComponent): void => {
    due.set(`${component.metadata.namespace}/${component.metadata.name}`, component)
  }
  informer.onChange({
    add,
    // Its own status is no change.
    update: (now, old) => (now.metadata.generation === old.metadata.generation ? undefined : add(now)),
    delete: () => undefined,
  })
  const check = async (component: ExternalComponent): Promise<void> => {
    const { name = '', namespace = '' } = component.metadata
    const position = informer.list().findIndex(({ metadata }) => metadata.uid === component.metadata.uid)
    const found =
      position >= maxComponents
        ? new UserError(`more than ${maxComponents} components are not checked`)
        : await observe(component, keyOf, signal)
    const status = statusOf(component, found, clock.now())
    const [condition] = status.conditions
    if (condition?.reason === 'AnotherKey')
      log.error('an external component has another key', { component: `${namespace}/${name}`, message: condition.message })
    await client
      .patch(externalComponents, namespace, name, { status }, { type: 'merge', subresource: 'status' }, signal)
      .catch((err: unknown) => {
        // It was deleted meanwhile.
        if (!isReason(err, 'NotFound')) throw err
      })
  }
  const work = async (): Promise<void> => {
    await informer.synced(signal)
    let checkedAt = clock.monotonic()
    while (!signal.aborted) {
      if (clock.monotonic() - checkedAt > everyMs) {
        checkedAt = clock.monotonic()
        for (const component of informer.list()) add(component)
      }
      const batch = [...due.values()].values()
      due.clear()
      const worker = async (): Promise<void> => {
        for (const component of batch) {
          if (signal.aborted) return
          await check(component).catch((err: unknown) => {
            if (!signal.aborted) log.error('external component not checked', { component: component.metadata.name, err: messageOf(err) })
          })
        }
      }
      await Promise.all(Array.from({ length: parallel }, worker))
      await pause(clock, settleMs, signal)
    }
  }
  await Promise.all([informer.run(signal), work()]).catch((err: unknown) => {
    if (!signal.aborted) throw err
  })
}

async function observe(
  { spec }: ExternalComponent,
  keyOf: NonNullable<FollowComponentsOptions['keyOf']>,
  signal: AbortSignal,
): Promise<string | UserError> {
  const { host, port, serverName } = spec
  try {
    return await keyOf({ host, port, ...(serverName === undefined ? {} : { serverName }) }, signal)
  } catch (err) {
    if (err instanceof UserError) return err
    throw err
  }
}

/** `found` is the observed key, or why none was. Pure. */
export function statusOf({ spec, status, metadata }: ExternalComponent, found: string | UserError, now: number) {
  const [state, reason, message] =
    found instanceof UserError
      ? (['Unknown', 'NoAnswer', found.message] as const)
      : spec.spkiSha256.includes(found)
        ? (['True', 'KeyMatches', 'the server has the pinned key'] as const)
        : ([
            'False',
            'AnotherKey',
            `the server has the key ${found}, which is not pinned: another server answers, or its key was renewed`,
          ] as const)
  const before = status?.conditions?.find(({ type }) => type === pinnedCondition)
  const condition: Condition = {
    type: pinnedCondition,
    status: state,
    reason,
    message: message.slice(0, 1024),
    observedGeneration: metadata.generation ?? 0,
    lastTransitionTime: before?.status === state ? (before.lastTransitionTime ?? formatTime(now)) : formatTime(now),
  }
  return { conditions: [condition], checked: formatTime(now), ...(found instanceof UserError ? {} : { observedSpkiSha256: found }) }
}
