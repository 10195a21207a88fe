// What a report says about the run beside its proofs: the cluster, its code and settings, the user and the machine.
import { X509Certificate } from 'node:crypto'
import { arch, hostname, release, userInfo } from 'node:os'
import type { KubeObject } from '../../api/object.ts'
import { ApiError } from '../../api/status.ts'
import type { ReportFacts } from '../../assess/evidence/report.ts'
import { UserError } from '../../base/user-error.ts'
import type { Client } from '../../client/client.ts'
import { resourceRef } from '../../client/resource-ref.ts'
import { namespaces, nodes } from '../../client/resources.ts'
import { buildPath, type RunningBuild } from '../../server/paths/build-path.ts'
import { bulkheadVersion } from '../terminal/version.ts'

interface SelfSubjectReview extends KubeObject {
  readonly status?: { readonly userInfo?: { readonly username?: string } }
}

const selfSubjectReviews = resourceRef<SelfSubjectReview>('authentication.k8s.io', 'v1', 'selfsubjectreviews', 'SelfSubjectReview', false)

export type ClusterFacts = Pick<ReportFacts, 'bulkhead' | 'build' | 'configuration' | 'cluster' | 'by' | 'host' | 'nodes'>

export interface ReportedCluster {
  readonly server: string
  /** PEM. */
  readonly ca: string
  /** Whether the cluster runs on this machine. */
  readonly isLocal: boolean
}

export async function clusterFacts(client: Client, { server, ca, isLocal }: ReportedCluster, signal: AbortSignal): Promise<ClusterFacts> {
  const [running, system, me, all] = await Promise.all([
    runningBuild(client, signal),
    client.get(namespaces, '', 'kube-system', signal),
    client.create(selfSubjectReviews, '', { metadata: {} }, signal),
    client.listAll(nodes, {}, signal),
  ])
  return {
    bulkhead: bulkheadVersion,
    ...running,
    cluster: {
      uid: system.metadata.uid ?? '',
      server,
      authority: new X509Certificate(ca).fingerprint256.replaceAll(':', '').toLowerCase(),
    },
    by: { user: me.status?.userInfo?.username ?? '', machineUser: userInfo().username },
    host: { name: hostname(), kernel: release(), architecture: arch(), node: process.version, isOfCluster: isLocal },
    nodes: all.map(({ metadata: { name = '' }, status }) => ({
      name,
      runtime: status?.nodeInfo?.containerRuntimeVersion ?? '',
      kernel: status?.nodeInfo?.kernelVersion ?? '',
    })),
  }
}

/** Rejects with a UserError if the server is of an older release. */
export async function runningBuild(client: Client, signal: AbortSignal): Promise<RunningBuild> {
  try {
    const { build, configuration } = await client.getPath<RunningBuild>(buildPath, signal)
    return { build, configuration }
  } catch (err) {
    if (!(err instanceof ApiError) || err.status.code !== 404) throw err
    throw new UserError('The server is of an older release, which does not report its build', { cause: err })
  }
}
