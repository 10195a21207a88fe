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
  maxAge string omitempty optional
type supply/v1.ImagePolicy root
  spec supply/v1.ImagePolicySpec
type supply/v1.ImagePolicyList list
  items []supply/v1.ImagePolicy
type supply/v1.ClusterImagePolicy root
  spec supply/v1.ImagePolicySpec
type supply/v1.ClusterImagePolicyList list
  items []supply/v1.ClusterImagePolicy

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
  format string omitempty optional
  digest string omitempty optional
  packages int32
  time meta/v1.Time
type supply/v1.ImageFindings
  critical int32
  high int32
  medium int32
  low int32
  unknown int32
  fixable int32
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
  running *supply/v1.ImageRunning omitempty optional
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
`
