// Rolls a Deployment back to the template of an earlier revision, if its annotation requests one. Pure.

import { int64Text, parseInt64 } from '../../api/go-text/go-int64.ts'
import { rollbackTo } from '../../api/resources/apps/deployment.ts'
import type { Deployment, ReplicaSet } from '../../api/types/apps-v1.ts'
import type { PodTemplateSpec } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { revisionOf } from './deployment-plan.ts'
import { restoredAnnotations } from './deployment-revision.ts'
import { sameTemplate, templateHashLabel } from './pod-template-hash.ts'

/** The requested revision: 0n is the last one; undefined if none is requested. */
export function requestedRevision({ metadata }: Deployment): bigint | undefined {
  const text = metadata.annotations?.[rollbackTo]
  return text === undefined || typeof parseInt64(text) === 'string' ? undefined : BigInt(int64Text(text))
}

export interface Rollback {
  /** Removes the request, whatever its result. */
  readonly deployment: Deployment
  readonly event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }
}

/** `sets` are all of the deployment's, including that of its current template. */
export function planRollback(deployment: Deployment, sets: readonly ReplicaSet[], asked: bigint): Rollback {
  const settled = (reason: string, message: string): Rollback => ({
    deployment: withoutRequest(deployment),
    event: { type: 'Warning', reason, message },
  })
  const revision = asked === 0n ? lastRevision(sets) : asked
  if (revision === 0n) return settled('DeploymentRollbackRevisionNotFound', 'Unable to find last revision.')
  const set = sets.find(candidate => revisionOf(candidate) === revision)
  if (set?.spec.template === undefined) return settled('DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.')
  const name = writeJson(deployment.metadata.name)
  if (sameTemplate(deployment.spec.template, set.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment ${name}`
    return settled('DeploymentRollbackTemplateUnchanged', message)
  }
  return {
    deployment: withoutRequest({
      ...deployment,
      metadata: { ...deployment.metadata, annotations: restoredAnnotations(deployment, set) },
      spec: { ...deployment.spec, template: withoutHash(set.spec.template) },
    }),
    event: { type: 'Normal', reason: 'DeploymentRollback', message: `Rolled back deployment ${name} to revision ${revision}` },
  }
}

/** The revision before the highest: 0n if there is none. */
function lastRevision(sets: readonly ReplicaSet[]): bigint {
  const [, last = 0n] = sets.map(revisionOf).sort((a, b) => (a < b ? 1 : -1))
  return last
}

function withoutRequest(deployment: Deployment): Deployment {
  const { [rollbackTo]: _asked, ...annotations } = deployment.metadata.annotations ?? {}
  return { ...deployment, metadata: { ...deployment.metadata, annotations } }
}

/** The deployment's own template has no hash: the controller adds it. */
function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [templateHashLabel]: _hash, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}
