// The options of an API server, which the composition supplies.
import type { AccessBasis, Authentication, Credentials } from '../access/access.ts'
import type { DenyList } from '../access/revocation.ts'
import type { ExplainAccess } from '../access/rights/explain-access.ts'
import type { OidcDocuments } from '../access/tokens/oidc-discovery.ts'
import type { ReviewToken } from '../access/tokens/token-review.ts'
import type { Descriptions } from '../api/openapi/openapi-types.ts'
import type { PackageSearch } from '../api/package-search.ts'
import type { StoreView } from '../api/store-view.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Registry } from '../base/metrics/metrics.ts'
import type { IssueRegistryToken, ReviewRegistryToken } from './computed/registry/index.ts'
import type { RulesFor } from './computed/reviews/index.ts'
import type { ConversionSender } from './custom-resources/conversion.ts'
import type { FlowLimits } from './flow-control/flow-control.ts'
import type { WriteRate } from './flow-control/written-bytes.ts'
import type { Identifiers } from './objects/identifiers.ts'
import type { AdmissionChain } from './objects/write-parts.ts'
import type { RunningBuild } from './paths/build-path.ts'
import type { FilePolicies } from './paths/file-policies-path.ts'
import type { HealthCheck } from './paths/health.ts'
import type { PipelineParts } from './pipeline.ts'
import type { FrontProxyIdentity } from './proxy/aggregation/connect-api.ts'
import type { BackendTls } from './proxy/backend-connection.ts'
import type { CheckOrigin } from './proxy/streams/own-origin.ts'
import type { StreamPod } from './proxy/tunnel/stream-pod.ts'
import type { AuditSink } from './request/audit-event.ts'
import type { Authorize } from './request/authorize.ts'
import type { DataClassSource } from './request/data-class-source.ts'
import type { ServerView } from './server-view.ts'
import type { IssueToken, OpenVolumeKey } from './subresources/index.ts'

export interface ApiServerOptions {
  readonly view: ServerView
  readonly authenticate: (credentials: Credentials) => Promise<Authentication>
  readonly authorize: Authorize
  readonly audit: AuditSink
  /** Which objects' content stays out of logs and the audit log. Without it none. */
  readonly dataClasses?: DataClassSource
  readonly admission: AdmissionChain
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Registry
  readonly identifiers?: Identifiers
  readonly flowLimits?: FlowLimits
  /** Limit per user and per namespace. Default: `defaultWriteRate`. */
  readonly writeRate?: WriteRate
  /** Denied credentials and users: their open streams end. `authenticate` must ask it too. */
  readonly denyList?: DenyList
  /** Verifies tokens for TokenReview; without it they are refused. */
  readonly reviewToken?: ReviewToken
  /** Signs ServiceAccount tokens; without it TokenRequests are refused. */
  readonly issueToken?: IssueToken
  /** Opens keys of volumes for their nodes; without it requests for them are refused. */
  readonly openVolumeKey?: OpenVolumeKey
  /** Verifies tokens for the cluster's registry; without it its questions are refused. */
  readonly reviewRegistryToken?: ReviewRegistryToken
  /** Signs tokens for the cluster's registry; without it they are refused. */
  readonly issueRegistryToken?: IssueRegistryToken
  /** A user's rights in a namespace, for SelfSubjectRulesReview. */
  readonly rulesFor?: RulesFor
  /** Called for each request that acts as a member of system:masters. */
  readonly onActingMaster?: PipelineParts['onActingMaster']
  /** What decisions about every user depend on: long requests are authorized again when it changes. */
  readonly everyBasis?: AccessBasis
  /** How to allow a refused request, for its audit event and `bulkhead why`. */
  readonly explainAccess?: ExplainAccess
  /** Answers exec, attach and portforward. Default: through the node's tunnel. */
  readonly streamPod?: StreamPod
  /** For proxies to pods over https. Default: verified against the system's authorities, which sign no pod's certificate. */
  readonly backendTls?: BackendTls
  /** Whether browsers are kept from taking proxied pages for this server's. Default: true. */
  readonly isolates?: boolean
  /** Pages that may open WebSockets. Default: those of the server's own origin, others with a token. */
  readonly checkOrigin?: CheckOrigin
  /** Proves the server's identity to servers behind APIServices, which otherwise believe nothing about the user. */
  readonly frontProxyIdentity?: (signal: AbortSignal) => Promise<FrontProxyIdentity>
  /** False: servers behind APIServices are never contacted, and so never available. Default: true. */
  readonly aggregates?: boolean
  /** Beside the server's own: the store accepts writes, bootstrap is done. */
  readonly checks?: readonly HealthCheck[]
  /** Paths that are answered without credentials if the authorizer allows it. Default: the health checks. */
  readonly anonymousPaths?: readonly string[] | 'all'
  readonly serviceCidr?: string
  /** The way to the conversion webhooks of custom resources; without it their conversions fail. */
  readonly conversionSender?: ConversionSender
  /** Public keys for verifying ServiceAccount tokens. */
  readonly oidc?: OidcDocuments
  /** Policies that are not in the API, for reading. */
  readonly filePolicies?: FilePolicies
  /** Which code and settings run. */
  readonly running?: () => Promise<RunningBuild>
  /** The folder of the audit log, for backups. Default: it is not on disk. */
  readonly auditFolder?: string
  /** What runs, and the search for packages in it. Default: neither is served. */
  readonly software?: { readonly view: StoreView; readonly search?: PackageSearch }
  /** Texts of the schemas, for `kubectl explain`. */
  readonly descriptions?: Descriptions
}
