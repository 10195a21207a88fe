// Applies the FlowSchemas and PriorityLevelConfigurations to flow control, and maintains the mandatory ones. It reads by the store's watch, and writes by
// requests of the server itself, authorized and audited like all others.
import type { KubeObject } from '../../api/object.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/types/flowcontrol-v1.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { writeJson } from '../../base/write-json.ts'
import { followChanges } from '../../store/follow-changes.ts'
import type { InProcessTransport } from '../http/in-process.ts'
import type { ServedResource, ServedResources } from '../resource/served-resource.ts'
import { mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from './bootstrap-objects.ts'
import type { FlowControl, FlowObjects } from './flow-control.ts'
import { planDangling, planForgotten, planKept } from './flow-objects.ts'

const group = 'flowcontrol.apiserver.k8s.io'
const base = `/apis/${group}/v1`
const keepPeriodMs = 60_000
/** Condition updates of one schema per minute: two servers that disagree must not fill the log. */
const writesAMinute = 6
const producer = 'api-priority-and-fairness-config-producer-v1'
const consumer = 'api-priority-and-fairness-config-consumer-v1'

export interface FlowConfigParts {
  readonly resources: ServedResources
  readonly store: { readonly revision: number }
  readonly flow: FlowControl
  readonly clock: Clock
  readonly log: Logger
}

export class FlowConfig {
  readonly #parts: FlowConfigParts
  readonly #schemas: ServedResource | undefined
  readonly #levels: ServedResource | undefined
  #changed = false
  #keep: { readonly transport: InProcessTransport; readonly signal: AbortSignal } | undefined
  #writing: Promise<void> = Promise.resolve()
  readonly #writes = new Map<string, { minute: number; count: number }>()

  /** Follows the objects until the signal. */
  constructor(parts: FlowConfigParts, signal: AbortSignal) {
    this.#parts = parts
    this.#schemas = parts.resources.byGroupResource(`flowschemas.${group}`)
    this.#levels = parts.resources.byGroupResource(`prioritylevelconfigurations.${group}`)
    for (const served of [this.#schemas, this.#levels]) {
      if (served === undefined) continue
      followChanges(served.collection, { after: parts.store.revision, signal, log: parts.log }, () => this.#onChange())
    }
    this.#apply()
  }

  /** Batches simultaneous changes until the next request, at the latest. */
  #onChange(): void {
    if (this.#changed) return
    this.#changed = true
    this.#parts.flow.outdated(() => {
      this.#changed = false
      return this.#objects()
    })
    setImmediate(() => {
      if (this.#changed) this.#apply()
      this.#changed = false
      if (this.#keep) void this.#writeConditions()
    })
  }

  #apply(): void {
    this.#parts.flow.configure(this.#objects())
  }

  #objects(): FlowObjects {
    // The resource's schema decoded the objects.
    const all = (served: ServedResource | undefined) => served?.collection.list({}).entries.map(({ object }) => object) ?? []
    return {
      schemas: all(this.#schemas).map(object => object as FlowSchema),
      levels: all(this.#levels).map(object => object as PriorityLevelConfiguration),
    }
  }

  /** Updates the objects, then maintains them. The returned work ends at the signal. Rejects if the first update fails. */
  async start(transport: InProcessTransport, signal: AbortSignal): Promise<{ readonly done: Promise<void> }> {
    if (this.#schemas === undefined || this.#levels === undefined) return { done: Promise.resolve() }
    await this.#keepObjects(transport, signal)
    this.#keep = { transport, signal }
    await this.#writeConditions()
    return { done: this.#run(transport, signal) }
  }

  async #run(transport: InProcessTransport, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts
    while (!signal.aborted) {
      await pause(clock, keepPeriodMs, signal)
      if (signal.aborted) break
      try {
        await this.#keepObjects(transport, signal)
        await this.#writeConditions()
      } catch (err) {
        if (!signal.aborted) log.error('flow control objects not kept', { err })
      }
    }
    await this.#writing
  }

  async #keepObjects(transport: InProcessTransport, signal: AbortSignal): Promise<void> {
    const { schemas, levels } = this.#objects()
    const byName = <T extends KubeObject>(objects: readonly T[]) => new Map(objects.map(object => [object.metadata.name, object]))
    const [schemaOf, levelOf] = [byName(schemas), byName(levels)]
    const kept = [
      ...[...mandatoryLevels, ...suggestedLevels].map(expected => ({
        plural: 'prioritylevelconfigurations',
        plan: planKept(
          levelOf.get(expected.metadata.name),
          withOwnExemption(expected, levelOf.get(expected.metadata.name)),
          mandatoryLevels.includes(expected),
        ),
      })),
      ...[...mandatorySchemas, ...suggestedSchemas].map(expected => ({
        plural: 'flowschemas',
        plan: planKept(schemaOf.get(expected.metadata.name), expected, mandatorySchemas.includes(expected)),
      })),
    ]
    const forgotten = [
      ...planForgotten(schemas, [...mandatorySchemas, ...suggestedSchemas]).map(object => ({ plural: 'flowschemas', object })),
      ...planForgotten(levels, [...mandatoryLevels, ...suggestedLevels]).map(object => ({ plural: 'prioritylevelconfigurations', object })),
    ]
    await Promise.all([
      ...kept.map(async ({ plural, plan }) => {
        if (plan.action === 'none') return
        const path = plan.action === 'create' ? `${base}/${plural}` : `${base}/${plural}/${plan.object.metadata.name}`
        await send(transport, plan.action === 'create' ? 'POST' : 'PUT', `${path}?fieldManager=${producer}`, plan.object, signal)
      }),
      ...forgotten.map(({ plural, object: { metadata } }) => {
        const preconditions = { uid: metadata.uid, resourceVersion: metadata.resourceVersion }
        const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions }
        return send(transport, 'DELETE', `${base}/${plural}/${metadata.name}`, options, signal)
      }),
    ])
  }

  /** One at a time, so that each sees the writes of the one before. */
  #writeConditions(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const { clock, log } = this.#parts
      if (this.#keep === undefined || this.#keep.signal.aborted) return
      const { transport, signal } = this.#keep
      const now = clock.now()
      const { schemas, levels } = this.#objects()
      try {
        await Promise.all(
          planDangling(schemas, levels, now).map(async ({ name, condition }) => {
            if (!this.#mayWrite(name, now)) return
            const path = `${base}/flowschemas/${name}/status?fieldManager=${consumer}`
            await send(transport, 'PATCH', path, { status: { conditions: [condition] } }, signal)
          }),
        )
      } catch (err) {
        if (!signal.aborted) log.error('condition of a FlowSchema not written', { err })
      }
    })
    return this.#writing
  }

  #mayWrite(name: string, now: number): boolean {
    const minute = Math.floor(now / 60_000)
    const written = this.#writes.get(name)
    if (written?.minute === minute && written.count >= writesAMinute) return false
    if (this.#writes.size > 1000) this.#writes.clear()
    this.#writes.set(name, { minute, count: written?.minute === minute ? written.count + 1 : 1 })
    return true
  }
}

/** Administrators decide what the exempt level lends. */
function withOwnExemption(
  expected: PriorityLevelConfiguration,
  existing: PriorityLevelConfiguration | undefined,
): PriorityLevelConfiguration {
  const exempt = existing?.spec.exempt
  return expected.spec.type === 'Exempt' && exempt ? { ...expected, spec: { ...expected.spec, exempt } } : expected
}

/** 404 and 409: another writer was faster, and the next pass sees the result. */
async function send(transport: InProcessTransport, method: string, path: string, object: object, signal: AbortSignal): Promise<void> {
  const type = method === 'PATCH' ? 'application/strategic-merge-patch+json' : 'application/json'
  const body = Buffer.from(writeJson(object))
  const response = await transport.request({ method, path, headers: { 'content-type': type }, body }, signal)
  const chunks: Buffer[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  if (response.status >= 300 && response.status !== 404 && response.status !== 409)
    throw new Error(`${method} ${path} answered ${response.status}: ${Buffer.concat(chunks).toString().slice(0, 300)}`)
}
