// pods/binding and the Binding resource: a pod gets its node, once.
import { formatFieldError } from '../../api/field-error.ts'
import { aggregated } from '../../api/go-text/aggregate-message.ts'
import { binding as bindingResource } from '../../api/resources/core/binding.ts'
import { badRequest, conflict, unknownPath } from '../../api/status.ts'
import type { Binding, Pod } from '../../api/types/core-v1.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { writeJson } from '../../base/write-json.ts'
import { valueReply } from '../answers/respond.ts'
import { plainFailure } from '../http/plain-failure.ts'
import { matchNamespace } from '../objects/object-meta.ts'
import { withPodCondition } from '../objects/pod-condition.ts'
import { updateObject } from '../objects/update-object.ts'
import { checkUid, checkVersion } from '../objects/update-preconditions.ts'
import { decodeBody } from '../request/decode.ts'
import { isDryRun } from '../request/dry-run.ts'
import type { ResourceContext, ResourceHandler } from '../request/request-context.ts'
import type { SubresourceParts } from './index.ts'

const kind = { group: '', version: 'v1', kind: 'Binding' }

/** Both paths: `pods/x/binding`, and `bindings` with the pod's name in the body. */
export function binding(parts: Pick<SubresourceParts, 'writeParts' | 'resources'>): ResourceHandler {
  return async context => {
    const sent = (await decodeBody(context, kind)) as Binding
    const { metadata, target } = sent
    matchNamespace(metadata, context.info.namespace, true)
    const pods = parts.resources.byGroupResource('pods')
    if (pods === undefined) throw unknownPath()
    const name = context.info.subresource === '' ? (metadata.name ?? '') : context.info.name
    if (metadata.name !== name) throw badRequest('name in URL does not match name in Binding object')
    validate(sent)
    const podContext: ResourceContext = {
      ...context,
      served: pods,
      info: { ...context.info, served: pods, resource: 'pods', name, subresource: 'binding' },
    }
    const place = { namespace: context.info.namespace, name, dryRun: isDryRun(context.query.all('dryRun')) }
    await updateObject(parts.writeParts, podContext, {
      ...place,
      subresource: 'binding',
      answers: 201,
      strategy: {},
      shows(object, old) {
        const { labels: given = {} } = sent.metadata
        return {
          ...{ operation: 'CREATE', object: sent, oldObject: undefined },
          adopt() {
            const { spec } = object as Pod
            if (spec) spec.nodeName = sent.target.name ?? ''
            const { annotations, labels = {} } = sent.metadata
            if (annotations) object.metadata.annotations = { ...old.metadata.annotations, ...annotations }
            // Labels that plug-ins set become the pod's; as upstream, the client's do not.
            const added = Object.entries(labels).filter(([key, value]) => given[key] !== value)
            if (added.length > 0) object.metadata.labels = { ...object.metadata.labels, ...Object.fromEntries(added) }
          },
        }
      },
      async next(old) {
        checkUid(pods, place, metadata, old.metadata)
        checkVersion(pods, place, metadata, old.metadata)
        return bound(copyJson(old) as Pod, target.name ?? '', metadata, context.now)
      },
    })
    return valueReply(context, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201)
  }
}

/** Upstream answers these as plain errors. */
function validate(binding: Binding): void {
  const errors = bindingResource.validate?.(binding) ?? []
  if (errors.length === 0) return
  throw plainFailure(aggregated(errors.map(formatFieldError)))
}

function bound(pod: Pod, node: string, metadata: Binding['metadata'], now: number): Pod {
  const name = pod.metadata.name ?? ''
  if (pod.metadata.deletionTimestamp) {
    throw conflict({ group: '', plural: 'pods/binding' }, name, `pod ${name} is being deleted, cannot be assigned to a host`)
  }
  if (pod.spec?.nodeName) {
    throw conflict({ group: '', plural: 'pods/binding' }, name, `pod ${name} is already assigned to node ${writeJson(pod.spec.nodeName)}`)
  }
  if ((pod.spec?.schedulingGates ?? []).length > 0) {
    throw conflict({ group: '', plural: 'pods/binding' }, name, `pod ${name} has non-empty .spec.schedulingGates`)
  }
  if (pod.spec) pod.spec.nodeName = node
  if (metadata.annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...metadata.annotations }
  pod.status = { ...pod.status, conditions: withPodCondition(pod, { type: 'PodScheduled', status: 'True' }, now) }
  return pod
}
