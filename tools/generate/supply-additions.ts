// The types of supply.bulkhead.dev/v1, in the notation of generate-schema-additions.ts. The specs of policies and trust roots are those of
// src/supply-chain/policy/image-policy.ts; a test compares them.

export const supplyAdditions = `
type supply/v1.AttestationCondition
  expression string
  message string omitempty optional
type supply/v1.AttestationRequirement
  predicateType string
  conditions []supply/v1.AttestationCondition omitempty optional list=atomic
type supply/v1.KeySigner
  trustRoot string
  name string
type supply/v1.KeylessSigner
  trustRoot string
  issuer string
  subject string omitempty optional
  subjectRegExp string omitempty optional
type supply/v1.SignerRequirement
  key *supply/v1.KeySigner omitempty optional
  keyless *supply/v1.KeylessSigner omitempty optional
  signature string omitempty optional
  attestations []supply/v1.AttestationRequirement omitempty optional list=atomic
type supply/v1.VerifySpec
  anyOf []supply/v1.SignerRequirement omitempty optional list=atomic
  allOf []supply/v1.SignerRequirement omitempty optional list=atomic
type supply/v1.ImagePolicySpec
  images []string list=set
  verify *supply/v1.VerifySpec omitempty optional
  onFailure string omitempty optional
  maxSeverity string omitempty optional
  dueDates *supply/v1.DueDates omitempty optional
  maxAge string omitempty optional
type supply/v1.DueDates
  internal *supply/v1.DueDays omitempty optional
  exposed *supply/v1.DueDays omitempty optional
  exploited *int32 omitempty optional
  warning *int32 omitempty optional
type supply/v1.DueDays
  critical *int32 omitempty optional
  high *int32 omitempty optional
  medium *int32 omitempty optional
  low *int32 omitempty optional
  unknown *int32 omitempty optional
type supply/v1.ImagePolicy root
  spec supply/v1.ImagePolicySpec
type supply/v1.ImagePolicyList list
  items []supply/v1.ImagePolicy
type supply/v1.ClusterImagePolicy root
  spec supply/v1.ImagePolicySpec
type supply/v1.ClusterImagePolicyList list
  items []supply/v1.ClusterImagePolicy

type supply/v1.ManifestPolicySpec
  resources []string list=set
  namespaces []string omitempty optional list=set
  verify supply/v1.VerifySpec
  signedAfter string omitempty optional
  onFailure string omitempty optional
type supply/v1.ManifestPolicy root
  spec supply/v1.ManifestPolicySpec
type supply/v1.ManifestPolicyList list
  items []supply/v1.ManifestPolicy
type supply/v1.ClusterManifestPolicy root
  spec supply/v1.ManifestPolicySpec
type supply/v1.ClusterManifestPolicyList list
  items []supply/v1.ClusterManifestPolicy

type supply/v1.ExternalComponentSpec
  host string
  port int32
  serverName string omitempty optional
  spkiSha256 []string list=set
  version string omitempty optional
type supply/v1.ExternalComponentStatus
  conditions []meta/v1.Condition omitempty optional list=map:type
  observedSpkiSha256 string omitempty optional
  checked *meta/v1.Time omitempty optional
type supply/v1.ExternalComponent root
  spec supply/v1.ExternalComponentSpec
  status supply/v1.ExternalComponentStatus omitempty optional
type supply/v1.ExternalComponentList list
  items []supply/v1.ExternalComponent

type supply/v1.MirrorEndpoint
  endpoint string
  authorities string omitempty optional
  resolvesTags *bool omitempty optional
type supply/v1.PullThrough
  namespace string
type supply/v1.RegistryMirrorSpec
  registry string
  mirrors []supply/v1.MirrorEndpoint omitempty optional
  only *bool omitempty optional
  pullThrough *supply/v1.PullThrough omitempty optional
type supply/v1.RegistryMirror root
  spec supply/v1.RegistryMirrorSpec
type supply/v1.RegistryMirrorList list
  items []supply/v1.RegistryMirror

type supply/v1.TrustedKey
  name string
  publicKey string
  notBefore *meta/v1.Time omitempty optional
  notAfter *meta/v1.Time omitempty optional
type supply/v1.SigstoreThresholds
  transparencyLogs *int32 omitempty optional
  certificateLogs *int32 omitempty optional
  timestamps *int32 omitempty optional
type supply/v1.SigstoreTrust
  trustedRoot runtime.RawExtension
  thresholds *supply/v1.SigstoreThresholds omitempty optional
type supply/v1.TufTrust
  root runtime.RawExtension
  target string omitempty optional
  url string omitempty optional
  authorities string omitempty optional
type supply/v1.RevokedIdentity
  issuer string omitempty optional
  subject string
type supply/v1.Revocation
  key string omitempty optional
  identity *supply/v1.RevokedIdentity omitempty optional
  before *meta/v1.Time omitempty optional
  reason string omitempty optional
type supply/v1.TrustRootSpec
  version *int64 omitempty optional
  keys []supply/v1.TrustedKey omitempty optional list=map:name
  sigstore *supply/v1.SigstoreTrust omitempty optional
  tuf *supply/v1.TufTrust omitempty optional
  notBefore *meta/v1.Time omitempty optional
  notAfter *meta/v1.Time omitempty optional
  revoked []supply/v1.Revocation omitempty optional list=atomic
type supply/v1.TrustRootStatus
  tufVersion *int64 omitempty optional
  tufTimestamp *int64 omitempty optional
  tufSnapshot *int64 omitempty optional
  tufTargets *int64 omitempty optional
  tufExpires *meta/v1.Time omitempty optional
  updated *meta/v1.Time omitempty optional
  message string omitempty optional
  revoked []string omitempty optional list=set
  conditions []meta/v1.Condition omitempty optional list=map:type
type supply/v1.TrustRoot root
  spec supply/v1.TrustRootSpec
  status supply/v1.TrustRootStatus omitempty optional
type supply/v1.TrustRootList list
  items []supply/v1.TrustRoot

type supply/v1.ImagePlatform
  os string
  architecture string
  variant string omitempty optional
  digest string
type supply/v1.ImageSpec
  digest string
  mediaType string omitempty optional
type supply/v1.ImageVerdict
  namespace string
  verdict string
  policies []string omitempty optional list=set
  identities []string omitempty optional list=set
  message string omitempty optional
  rules string omitempty optional
  time meta/v1.Time
type supply/v1.ImageSbom
  source string
  digest string omitempty optional
  packages int32
  skipped *int32 omitempty optional
  message string omitempty optional
  time meta/v1.Time
type supply/v1.ImageProvenance
  predicateType string
  digest string
  builder string omitempty optional
  buildType string omitempty optional
  source string omitempty optional
  revision string omitempty optional
type supply/v1.ImageFinding
  advisory string
  cves []string omitempty optional list=set
  package string
  version string
  severity string
  fixedVersion string omitempty optional
  exploited *bool omitempty optional
  notAffected string omitempty optional
  firstSeen meta/v1.Time
  due *meta/v1.Time omitempty optional
  dueExposed *meta/v1.Time omitempty optional
type supply/v1.ImageFindings
  worst string omitempty optional
  critical int32
  high int32
  medium int32
  low int32
  unknown int32
  fixable int32
  exploited *int32 omitempty optional
  notAffected *int32 omitempty optional
  unmatched *int32 omitempty optional
  due *meta/v1.Time omitempty optional
  dueExposed *meta/v1.Time omitempty optional
  list []supply/v1.ImageFinding omitempty optional list=atomic
  time meta/v1.Time
type supply/v1.ImageUpdate
  reference string
  image string
  fixed []string omitempty optional list=set
  added []string omitempty optional list=set
  remaining int32
  time meta/v1.Time
type supply/v1.ImageRunning
  pods int32
  names []string omitempty optional list=atomic
type supply/v1.ImageStatus
  references []string omitempty optional list=set
  platforms []supply/v1.ImagePlatform omitempty optional list=atomic
  verdicts []supply/v1.ImageVerdict omitempty optional list=map:namespace
  sbom *supply/v1.ImageSbom omitempty optional
  findings *supply/v1.ImageFindings omitempty optional
  updates []supply/v1.ImageUpdate omitempty optional list=map:reference
  running *supply/v1.ImageRunning omitempty optional
  provenance []supply/v1.ImageProvenance omitempty optional list=atomic
type supply/v1.Image root
  spec supply/v1.ImageSpec
  status supply/v1.ImageStatus omitempty optional
type supply/v1.ImageList list
  items []supply/v1.Image

type supply/v1.PodImage
  container string
  image string
  digest string omitempty optional
type supply/v1.PodImagesSpec
  nodeName string omitempty optional
  phase string omitempty optional
  images []supply/v1.PodImage list=atomic
type supply/v1.PodImages root
  spec supply/v1.PodImagesSpec
type supply/v1.PodImagesList list
  items []supply/v1.PodImages

type supply/v1.AdvisorySourceSpec
  format string
  url string omitempty optional
  signatureUrl string omitempty optional
  authorities string omitempty optional
  publicKey string omitempty optional
  interval string omitempty optional
  maxSilence string omitempty optional
type supply/v1.AdvisorySourceStatus
  imported *meta/v1.Time omitempty optional
  published *meta/v1.Time omitempty optional
  entries *int32 omitempty optional
  digest string omitempty optional
  conditions []meta/v1.Condition omitempty optional list=map:type patch=merge key=type
type supply/v1.AdvisorySource root
  spec supply/v1.AdvisorySourceSpec
  status supply/v1.AdvisorySourceStatus omitempty optional
type supply/v1.AdvisorySourceList list
  items []supply/v1.AdvisorySource

type supply/v1.ExceptionSpec
  advisories []string list=set
  images []string list=set
  owner string
  reason string
  expires meta/v1.Time
type supply/v1.Exception root
  spec supply/v1.ExceptionSpec
type supply/v1.ExceptionList list
  items []supply/v1.Exception
type supply/v1.ClusterException root
  spec supply/v1.ExceptionSpec
type supply/v1.ClusterExceptionList list
  items []supply/v1.ClusterException
type supply/v1.RegistryTokenSpec
  expirationSeconds *int64 omitempty optional
type supply/v1.RegistryTokenStatus
  username string
  token string
  expirationTimestamp *meta/v1.Time
type supply/v1.RegistryToken root
  spec supply/v1.RegistryTokenSpec omitempty optional
  status supply/v1.RegistryTokenStatus omitempty optional
type supply/v1.RepositoryAccessReviewSpec
  token string
  verb string
  repositories []string omitempty optional list=atomic
type supply/v1.RepositoryAccessReviewStatus
  authenticated bool omitempty optional
  username string omitempty optional
  reason string omitempty optional
  allowed []string omitempty optional list=atomic
  storage *int64 omitempty optional
type supply/v1.RepositoryAccessReview root
  spec supply/v1.RepositoryAccessReviewSpec
  status supply/v1.RepositoryAccessReviewStatus omitempty optional
`
