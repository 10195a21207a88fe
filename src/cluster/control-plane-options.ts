// The options of a control plane.
import type { NodeWitness } from '../access/audit/outputs/show-to-node.ts'
import type { TokenWebhookSettings } from '../access/authenticators/token-webhook.ts'
import type { AuthenticationConfiguration } from '../access/jwt/configuration.ts'
import type { AuthorizationConfiguration } from '../access/webhook/authorization-configuration.ts'
import type { AdmissionSettings } from '../admission/admission-settings.ts'
import type { HandlingOfClasses } from '../api/data-classes/data-class.ts'
import type { Features } from '../api/features.ts'
import type { PackageSearch } from '../api/package-search.ts'
import type { Clock } from '../base/clock.ts'
import type { Profile } from '../base/config/config.ts'
import type { Logger } from '../base/log.ts'
import type { Registry } from '../base/metrics/metrics.ts'
import type { HealthCheck } from '../server/paths/health.ts'
import type { AuditSink } from '../server/request/audit-event.ts'
import type { Signer } from '../signer/signer.ts'
import type { Store } from '../store/store.ts'
import type { ImageAuthority } from '../supply-chain/policy/image-question.ts'
import type { PolicyFolder } from './admission/policy-folder.ts'

export interface ControlPlaneOptions {
  readonly store: Store
  readonly signer: Signer
  readonly audit: AuditSink
  /** What logs may show of each data class. Default: `defaultHandling`. */
  readonly dataClasses?: HandlingOfClasses
  readonly profile: Profile
  /** Policies from files. */
  readonly policies?: PolicyFolder
  readonly serviceCidr: string
  /** Default: none. */
  readonly features?: Features
  /** Default: the plug-ins of the profile. */
  readonly admission?: AdmissionSettings
  /** Default: only the cluster's own tokens, and only health checks without a credential. */
  readonly authentication?: AuthenticationConfiguration
  /** Whether Kubernetes' bootstrap tokens are accepted. Default: no. */
  readonly bootstrapTokens?: boolean
  /** Default: unknown tokens are refused. */
  readonly tokenWebhook?: TokenWebhookSettings
  /** Default: Node and RBAC. */
  readonly authorization?: AuthorizationConfiguration
  /** Called once with functions that replace these two configurations while the server runs. */
  readonly reloads?: (replace: ReplaceConfiguration) => void
  /** Called once with the nodes that are witnesses of the audit log: those of the moment in which it is called. Default: no node is asked. */
  readonly witnessNodes?: (nodes: () => readonly NodeWitness[]) => void
  /** What else decides what is enforced, for the digest of the settings. */
  readonly furtherSettings?: () => unknown
  /** The part `artifacts`. Without it, tags are not resolved, and what a policy is for is refused. */
  readonly images?: ImageAuthority & PackageSearch
  /** The cluster's own registry, by its names in image references. */
  readonly registry?: { readonly hosts: readonly string[] }
  /** See `ApiServerOptions`. */
  readonly auditFolder?: string
  /** Further checks of `/readyz`. */
  readonly checks?: readonly HealthCheck[]
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Registry
  readonly signal: AbortSignal
  /** Opens no connections, whatever objects request. */
  readonly offline?: boolean
  /** Writes usage into the status of quotas, by itself. Default: true. */
  readonly keepsQuotaStatus?: boolean
  /** For an offline server that tests policies: every request passes authorization, and only policy expressions check rights. */
  readonly alwaysAllow?: boolean
}

/** A member is undefined if the server started without such a configuration. */
export interface ReplaceConfiguration {
  readonly authentication: ((next: AuthenticationConfiguration) => void) | undefined
  readonly authorization: ((next: AuthorizationConfiguration) => void) | undefined
}
