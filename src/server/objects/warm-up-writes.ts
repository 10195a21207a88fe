// Warms up the code that creates objects, with objects that are not stored: V8 interprets code first, and compiles it after a while.
import { evaluate } from '../../admission/pod-security/evaluate.ts'
import { evaluatorOf } from '../../admission/quota/evaluators.ts'
import { groupResource, groupVersion, type KubeObject } from '../../api/object.ts'
import { shapeOfStruct } from '../../api/patch/apply/shape.ts'
import { type FieldWrite, trackUpdate } from '../../api/patch/apply/track-update.ts'
import { configMap } from '../../api/resources/core/config-map.ts'
import { pod } from '../../api/resources/core/pod.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { decodeBody, maxValues, parseDocument } from '../../api/schema/decode.ts'
import { schemaFor } from '../../api/schema/model.ts'
import type { Pod } from '../../api/types/core-v1-pod.ts'
import { WorkBudget, yieldIfDue } from '../../base/async/turns.ts'
import { formatTime } from '../../base/clock.ts'
import { writeJson } from '../../base/write-json.ts'
import { encode } from '../../store/entry.ts'
import { validateNewObject } from './create-object.ts'
import { emptyOf } from './field-management.ts'
import { randomIdentifiers } from './identifiers.ts'
import { invalidObject } from './invalid-object.ts'
import { receiveNew, stampNew } from './object-meta.ts'

/** Number of objects per kind, after which most of the code is compiled. */
const objects = 128
/** Between two turns of the event loop: some 2 ms, the first time 10. */
const perTurn = 8

/**
 * Takes some 40 ms in all and a megabyte: the first Pod of a cluster is there in 8 ms instead of 14, and in a flood of them fewer wait for the
 * compiler. Resolves with the number of objects that were made. `now` in milliseconds since the Unix epoch.
 */
export async function warmUpWrites(now: number, signal: AbortSignal): Promise<number> {
  const budget = new WorkBudget(perTurn)
  const kinds = [creationOf(configMap, sampleConfigMap, budget), creationOf(pod, samplePod, budget)]
  for (let index = 0; index < objects; index++) {
    if (signal.aborted) return index * kinds.length
    for (const create of kinds) await create(index, now)
    budget.spend(1)
    await yieldIfDue(budget)
  }
  return objects * kinds.length
}

/** Creation without the parts that need a request, another object or the store. */
function creationOf(
  definition: ResourceDefinition,
  sample: (index: number) => object,
  budget: WorkBudget,
): (index: number, now: number) => Promise<void> {
  const { group, version, kind, plural } = definition
  const type = schemaFor(group, version, kind)
  if (type === undefined) throw new Error(`${kind} has no schema`)
  const empty = emptyOf(type)
  const apiVersion = groupVersion(group, version)
  const shape = shapeOfStruct(type)
  const evaluator = evaluatorOf(groupResource(group, plural))
  return async (index, now) => {
    const bytes = Buffer.from(writeJson({ apiVersion, kind, ...sample(index) }))
    const { object } = decodeBody(bytes, definition, 'Strict', parseDocument(bytes, 'application/json', maxValues))
    definition.setDefaults?.(object)
    receiveNew(object.metadata, 'default', definition.namespaced)
    stampNew(object.metadata, randomIdentifiers, now, definition.countsGeneration !== false)
    const writer = { manager: 'warm-up', apiVersion, subresource: '', time: formatTime(now) }
    const write: FieldWrite = { ...writer, shape, type, empty, filter: undefined, version: () => undefined, budget }
    const managers = await trackUpdate(empty, object, undefined, write)
    if (managers !== undefined) object.metadata.managedFields = managers
    definition.prepareForCreate?.(object, { now })
    const errors = validateNewObject(definition, object)
    if (errors.length > 0) throw invalidObject(definition, object.metadata.name ?? '', errors, object)
    definition.warnings?.(object, undefined)
    if (isPod(object)) evaluate(object, { level: 'restricted', minor: 'latest' })
    evaluator.usage(object, now)
    encode('ADDED', object)
  }
}

const isPod = (object: KubeObject): object is Pod & KubeObject => object.kind === 'Pod'

const sampleConfigMap = (index: number): object => ({
  metadata: { name: `warm-up-${index}`, labels: { app: 'warm-up' } },
  data: { 'config.yaml': 'key: value\n'.repeat(index), count: `${index}` },
})

/** The usual fields of a pod, and those that `restricted` requires. */
const samplePod = (index: number): object => ({
  metadata: { name: `warm-up-${index}`, labels: { app: 'warm-up' }, annotations: { 'example.com/owner': 'nobody' } },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image: 'registry.example/warm-up:v1',
        args: ['--count', `${index}`],
        ports: [{ name: 'http', containerPort: 8080 }],
        env: [
          { name: 'LEVEL', value: 'info' },
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
        livenessProbe: { httpGet: { path: '/live', port: 'http' } },
        volumeMounts: [
          { name: 'scratch', mountPath: '/tmp' },
          { name: 'config', mountPath: '/etc/warm-up', readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'scratch', emptyDir: {} },
      { name: 'config', configMap: { name: 'warm-up' } },
    ],
  },
})
