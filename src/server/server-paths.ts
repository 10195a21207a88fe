// Composes the non-resource paths: health, metrics, API documents, and Bulkhead's own.
import type { ApiServerOptions } from './api-server-options.ts'
import { dumpText } from './flow-control/dump.ts'
import { monotonicClock } from './flow-control/flow-clock.ts'
import type { FlowControl } from './flow-control/flow-control.ts'
import { auditFilesHandler } from './paths/backup/audit-files-path.ts'
import { changesPathHandler } from './paths/backup/changes-path.ts'
import { buildPathHandler } from './paths/build-path.ts'
import { documents } from './paths/documents/documents.ts'
import { filePoliciesHandler } from './paths/file-policies-path.ts'
import type { HealthCheck } from './paths/health.ts'
import { healthMetrics } from './paths/health-metrics.ts'
import { type PathParts, pathHandler } from './paths/paths.ts'
import { PodsByImage } from './paths/software/pods-by-image.ts'
import { updatesPathHandler } from './paths/software/updates-path.ts'
import { wherePathHandler } from './paths/software/where-path.ts'
import { versionInfo } from './paths/version.ts'
import type { RefusedRequests } from './paths/why/refused-requests.ts'
import { whyPathHandler } from './paths/why/why-path.ts'
import type { Aggregator } from './proxy/aggregation/aggregator.ts'
import { csiCallHandler } from './proxy/csi-call.ts'
import { tunnelPathHandler } from './proxy/tunnel/tunnel-path.ts'
import type { Authorize } from './request/authorize.ts'

export interface ServerPathParts {
  readonly options: ApiServerOptions
  readonly authorize: Authorize
  readonly aggregator: Aggregator
  readonly flow: FlowControl
  readonly refused: RefusedRequests
  readonly checks: readonly HealthCheck[]
}

export function serverPaths({ options, authorize, aggregator, flow, refused, checks }: ServerPathParts): ReturnType<typeof pathHandler> {
  const { view, audit, metrics, explainAccess, descriptions, oidc } = options
  const { resources } = view
  const changes = changesPathHandler(view.store)
  const auditFiles = auditFilesHandler(options.auditFolder)
  return pathHandler({
    checks,
    observeCheck: healthMetrics(metrics),
    documents: documents({
      ...{ resources, foreign: aggregator.documents, version: versionInfo.gitVersion },
      ...(descriptions ? { descriptions } : {}),
    }),
    aggregated: async (context, path) => aggregator.answerPath(context, path),
    tunnel: tunnelPathHandler(view.nodeTunnels),
    csi: csiCallHandler(view.nodeTunnels),
    flowDump: async ({ query, now }, path) => {
      const text = dumpText(flow, path, (query.get('includeRequestDetails') ?? '') !== '', monotonicClock, now)
      return text === undefined ? undefined : { status: 200, contentType: 'text/plain; charset=utf-8', body: Buffer.from(text) }
    },
    why: whyPathHandler({ refused, audit, authorize, ...(explainAccess ? { explainAccess } : {}) }),
    policies: filePoliciesHandler(options.filePolicies),
    build: buildPathHandler(options.running),
    backup: async (context, path) => (await changes(context, path)) ?? auditFiles(context, path),
    ...softwarePaths(options.software, authorize),
    hasGroup: group => resources.hasBuiltInGroup(group) || aggregator.index.hasGroup(group),
    ...(oidc ? { oidc } : {}),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.metrics() }),
  })
}

function softwarePaths(software: ApiServerOptions['software'], authorize: Authorize): Pick<PathParts, 'where' | 'updates'> {
  if (software === undefined) return { where: async () => undefined, updates: async () => undefined }
  const { view: reader, search } = software
  const parts = { pods: new PodsByImage(reader), reader, authorize }
  return { where: wherePathHandler({ ...parts, ...(search === undefined ? {} : { search }) }), updates: updatesPathHandler(parts) }
}
