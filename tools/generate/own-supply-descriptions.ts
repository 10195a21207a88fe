// The texts for `kubectl explain` of supply.bulkhead.dev/v1.
import { registryDescriptions } from './own-registry-descriptions.ts'

type Texts = Readonly<Record<string, { readonly text: string; readonly fields: Readonly<Record<string, string>> }>>

const policySpec = 'Which images the policy is for, and what must hold for them.'

const manifestSpec = 'Which objects must be signed, and by whom.'

export const supplyDescriptions: Texts = {
  ...registryDescriptions,
  'supply/v1.ImagePolicy': {
    text: 'ImagePolicy says which images may run in its namespace: who must have signed them, and what must be known of them. If several policies match an image, all must hold.',
    fields: { spec: policySpec },
  },
  'supply/v1.ClusterImagePolicy': {
    text: 'ClusterImagePolicy says which images may run in any namespace. If several policies match an image, all must hold.',
    fields: { spec: policySpec },
  },
  'supply/v1.ImagePolicySpec': {
    text: 'ImagePolicySpec says which images a policy is for, and what must hold for them.',
    fields: {
      images:
        'Globs over registry/repository, such as registry.example.com:5000/shop/**. "*" is any text without "/", "**" any text. nginx is docker.io/library/nginx here.',
      verify: 'Who must have signed the images. Without it, signatures are recorded and none is required.',
      onFailure: 'Refuse (default) or Warn. Warn admits the image, with a warning.',
      maxSeverity:
        'The highest severity of a finding that is accepted: unknown, low, medium, high or critical. Findings with an Exception do not count. With dueDates, findings above it are accepted until their date.',
      dueDates:
        'When findings must be gone: from their date on, new pods are refused. Without maxSeverity it is for findings of every severity that has a date.',
      maxAge: 'How long ago the image may have been built, such as 720h.',
    },
  },
  'supply/v1.DueDates': {
    text: 'DueDates says within how many days a finding must be gone. The days begin when the cluster first knew of the finding, or of its fix. Without a fix there is no date.',
    fields: {
      internal: 'For pods that nothing leads to from outside. Default: critical 30, high 60, medium 180.',
      exposed:
        'For pods that a Service of type NodePort or LoadBalancer, or an Ingress, leads to. Default: critical 15, high 30, medium 90.',
      exploited: 'For vulnerabilities that are known to be exploited, or probably will be. Default: 14.',
      warning: 'So many days before the date a warning is sent. Default: 7.',
    },
  },
  'supply/v1.DueDays': {
    text: 'DueDays is a number of days for each severity. A severity that is left out has no date.',
    fields: { critical: 'Days.', high: 'Days.', medium: 'Days.', low: 'Days.', unknown: 'Days.' },
  },
  'supply/v1.ManifestPolicy': {
    text: 'ManifestPolicy says which objects of its namespace must be as somebody signed them. If several policies match an object, all must hold.',
    fields: { spec: manifestSpec },
  },
  'supply/v1.ClusterManifestPolicy': {
    text: 'ClusterManifestPolicy says which objects of all namespaces, or of some, must be as somebody signed them.',
    fields: { spec: manifestSpec },
  },
  'supply/v1.ManifestPolicySpec': {
    text: 'ManifestPolicySpec says which objects must be signed, and by whom.',
    fields: {
      resources: 'Such as deployments.apps, configmaps, *.example.com, or * for all but events, leases, and policies of manifests.',
      namespaces:
        'Only of a ClusterManifestPolicy: the namespaces that it is for. Without it, all but those that begin with kube-, and objects without a namespace.',
      verify: 'Who must have signed the objects.',
      signedAfter:
        'Signatures from before this time do not count, as RFC 3339. An older signature than that of the stored object never counts.',
      onFailure: 'Refuse (default) or Warn. Warn admits the object, with a warning.',
    },
  },
  'supply/v1.ExternalComponent': {
    text: 'ExternalComponent is a server outside of the cluster, such as a database, whose TLS key is pinned. The part "artifacts" checks it every five minutes.',
    fields: { spec: 'Where it is, and which key it has.', status: 'What was seen of it.' },
  },
  'supply/v1.ExternalComponentSpec': {
    text: 'ExternalComponentSpec says where a server is, and which key it has.',
    fields: {
      host: 'Its DNS name or IP address, as the part "artifacts" reaches it.',
      port: 'A port on which it speaks TLS at once.',
      serverName: 'The name in the TLS handshake. Default: host, if it is a name.',
      spkiSha256: 'SHA-256 of the public keys that it may have (SPKI in DER, lower-case hexadecimal): its own, and the next one.',
      version: 'Its version, for people.',
    },
  },
  'supply/v1.ExternalComponentStatus': {
    text: 'ExternalComponentStatus is what was seen of a server.',
    fields: {
      conditions: 'KeyPinned: True if it has a pinned key, False for another one, Unknown if it did not answer.',
      observedSpkiSha256: 'The key that it had.',
      checked: 'When.',
    },
  },
  'supply/v1.VerifySpec': {
    text: 'VerifySpec names the signers of an image. Exactly one of its fields is set.',
    fields: { anyOf: 'One of them must be met.', allOf: 'Each of them must be met.' },
  },
  'supply/v1.SignerRequirement': {
    text: 'SignerRequirement is a signer, and what they must have signed. Exactly one of key and keyless is set.',
    fields: {
      key: 'A public key of a TrustRoot.',
      keyless: 'An identity in a short-lived certificate.',
      signature: 'Required (default) or Optional: then the attestations suffice.',
      attestations: 'Each must be there, signed by this signer.',
    },
  },
  'supply/v1.KeySigner': {
    text: 'KeySigner names a public key.',
    fields: { trustRoot: 'The name of a TrustRoot.', name: 'The name of one of its keys.' },
  },
  'supply/v1.KeylessSigner': {
    text: 'KeylessSigner is an identity in a short-lived certificate. Exactly one of subject and subjectRegExp is set.',
    fields: {
      trustRoot: 'The name of a TrustRoot that has sigstore or tuf.',
      issuer: 'The OIDC issuer in the certificate, exactly.',
      subject: 'The email address or URI in the certificate, exactly.',
      subjectRegExp: 'An RE2 pattern that must match the whole name.',
    },
  },
  'supply/v1.AttestationRequirement': {
    text: 'AttestationRequirement is a signed statement that must exist for the image.',
    fields: {
      predicateType: 'Its predicate type, a URI such as https://slsa.dev/provenance/v1, exactly.',
      conditions: 'All must be true for one and the same attestation.',
    },
  },
  'supply/v1.AttestationCondition': {
    text: 'AttestationCondition is a condition on the predicate of an attestation.',
    fields: {
      expression: 'CEL with the variables predicate, subject and image (digest and repository).',
      message: 'Why it is required, for the message of a refusal.',
    },
  },
  'supply/v1.TrustRoot': {
    text: 'TrustRoot is whom policies may trust: public keys, and authorities of short-lived certificates. It contacts nobody, unless tuf.url says where to look for newer metadata.',
    fields: { spec: 'Keys, authorities, and what is revoked.', status: 'The last accepted metadata, and what was revoked.' },
  },
  'supply/v1.TrustRootSpec': {
    text: 'TrustRootSpec is whom policies may trust.',
    fields: {
      version: 'Counts the versions of this trust root. Once it is set, an update may not lower it or leave it out.',
      keys: 'Public keys by name.',
      sigstore: 'Authorities, logs and timestamp authorities of sigstore, public or private.',
      tuf: 'Where newer trusted roots come from.',
      notBefore: 'The trust root is not used before.',
      notAfter: 'The trust root is not used after.',
      revoked: 'Keys and identities that no longer count. Containers whose image nobody else signed do not start again.',
    },
  },
  'supply/v1.TrustRootStatus': {
    text: 'TrustRootStatus is the last accepted metadata of a trust root, and what it has revoked.',
    fields: {
      tufTimestamp: 'The version of the last accepted timestamp.json. An older one is refused.',
      tufSnapshot: 'The version of the last accepted snapshot.json.',
      tufTargets: 'The version of the last accepted targets.json.',
      revoked: 'Keys and identities that were revoked once. They do not come back without an explicit act.',
      conditions: '"Accepted": whether the trust root is used. "Current": whether its TUF repository answered, and with what.',
      tufVersion: 'The version of the last accepted root.json. An older one is refused.',
      tufExpires: 'When the last accepted metadata expires.',
      updated: 'When metadata was last accepted.',
      message: 'Why newer metadata was refused, or why the trust root cannot be used.',
    },
  },
  'supply/v1.TrustedKey': {
    text: 'TrustedKey is a public key that policies may name.',
    fields: {
      name: 'Unique in its trust root.',
      publicKey: 'PEM (SPKI): ECDSA P-256, P-384 or P-521, Ed25519, RSA of at least 2048 bits.',
      notBefore: 'The key is not used before.',
      notAfter: 'The key is not used after.',
    },
  },
  'supply/v1.SigstoreTrust': {
    text: 'SigstoreTrust is a trusted root of sigstore.',
    fields: { trustedRoot: 'The JSON object of trusted_root.json.', thresholds: 'How many must have witnessed a signature.' },
  },
  'supply/v1.SigstoreThresholds': {
    text: 'SigstoreThresholds says how many different ones must have witnessed a keyless signature.',
    fields: {
      transparencyLogs: 'Entries in a transparency log. Default: 1 if the trusted root has a log, else 0.',
      certificateLogs: 'Signed certificate timestamps. Default: 1 if the trusted root has a certificate log, else 0.',
      timestamps: 'Timestamps of RFC 3161. Default: 1 if the trusted root has no transparency log, else 0.',
    },
  },
  'supply/v1.TufTrust': {
    text: 'TufTrust is a TUF repository from which newer trusted roots come.',
    fields: {
      root: 'The JSON object of the first trusted root.json.',
      target: 'The file in it that is the trusted root. Default: trusted_root.json.',
      url: 'HTTPS. Without it, only "bulkhead trust import" brings newer metadata.',
      authorities: "PEM of the server's authorities. Without it, those of the system.",
    },
  },
  'supply/v1.Revocation': {
    text: 'Revocation says what no longer counts. At least one of its fields is set; all that are set must apply.',
    fields: {
      key: 'The name of a key of this trust root.',
      identity: 'An identity in certificates.',
      before: 'Only signatures that were made before, and those without a proven time.',
      reason: 'Why, for messages.',
    },
  },
  'supply/v1.RevokedIdentity': {
    text: 'RevokedIdentity is an identity in certificates that no longer counts.',
    fields: { issuer: 'The OIDC issuer; any where this is left out.', subject: 'The email address or URI, exactly.' },
  },
  'supply/v1.Image': {
    text: 'Image is what is known of one digest: who signed it, what is in it, what is wrong with it, and where it runs. Only the part "artifacts" writes it.',
    fields: { spec: 'The digest.', status: 'What is known of it.' },
  },
  'supply/v1.ImageSpec': {
    text: 'ImageSpec is the digest of an image or of an index of images.',
    fields: { digest: 'sha256:… or sha512:…; the name of the object is the same with "-" for ":".', mediaType: 'Of its manifest.' },
  },
  'supply/v1.ImageStatus': {
    text: 'ImageStatus is what is known of an image.',
    fields: {
      references: 'Names by which it was requested, at most 20.',
      platforms: 'The digest of each platform, if it is an index; at most 50.',
      verdicts: 'What the policies of each namespace that requested it say, at most 200.',
      sbom: 'The list of its packages.',
      findings: 'Its known vulnerabilities.',
      updates: 'Newer images that have fewer of them, for the names by which it was requested.',
      running: 'The pods that run it.',
      provenance: 'How it was built, as signers attested whom a ClusterImagePolicy requires; at most 5.',
    },
  },
  'supply/v1.ImageProvenance': {
    text: 'ImageProvenance says how an image was built: the facts of a provenance of SLSA.',
    fields: {
      predicateType: 'https://slsa.dev/provenance/v1 or v0.2.',
      digest: 'SHA-256 of the predicate as JSON without spaces.',
      builder: 'Who built it, as a URI.',
      buildType: 'What the fields of the predicate mean, as a URI.',
      source: 'Where its sources are, as a URI.',
      revision: 'The commit of the sources.',
    },
  },
  'supply/v1.ImagePlatform': {
    text: 'ImagePlatform is an entry of an index.',
    fields: {
      os: 'Such as linux.',
      architecture: 'Such as amd64.',
      variant: 'Such as v8.',
      digest: 'The digest of its manifest.',
    },
  },
  'supply/v1.ImageVerdict': {
    text: 'ImageVerdict is what the policies say of an image in one namespace.',
    fields: {
      namespace: 'The namespace.',
      verdict: 'Verified: every policy that matches holds. Refused: one does not, so no container starts. Unverified: none matches.',
      policies: 'The policies that match: "name" of a cluster policy, "namespace/name" of a namespaced one.',
      identities: 'Who signed it, as the policies require.',
      message: 'Why it is refused.',
      rules:
        'SHA-256 of the names and generations of the policies and trust roots that were evaluated. While they stay, the verdict does too, if the registry does not answer.',
      time: 'When it was last evaluated with another result.',
    },
  },
  'supply/v1.ImageSbom': {
    text: 'ImageSbom is the list of packages of an image.',
    fields: {
      source: 'Attestation: signed by someone whom a policy requires. Image: made from its content. None: it could not be read.',
      digest: 'The digest of the document, which is CycloneDX.',
      packages: 'How many packages it has.',
      skipped: 'How many files could not be read.',
      message: 'Why there is none.',
      time: 'When it was read or made.',
    },
  },
  'supply/v1.ImageFindings': {
    text: 'ImageFindings counts the known vulnerabilities of an image by their severity.',
    fields: {
      worst: 'The highest severity.',
      critical: 'How many are critical.',
      high: 'How many are high.',
      medium: 'How many are medium.',
      low: 'How many are low.',
      unknown: 'How many have no severity.',
      fixable: 'How many have a fixed version.',
      exploited: 'How many are known to be exploited.',
      notAffected: 'How many do not concern the image, by statements of VEX; they are in no other number.',
      unmatched: 'How many packages no source of advisories knows.',
      due: 'The earliest date at which a finding must be gone, by the default table, for pods that nothing leads to from outside.',
      dueExposed: 'The same for pods that a Service or an Ingress leads to from outside.',
      list: 'The most severe ones, at most 20.',
      time: 'When it was last matched with advisories with another result.',
    },
  },
  'supply/v1.ImageFinding': {
    text: 'ImageFinding is a known vulnerability of a package.',
    fields: {
      advisory: 'The id of the advisory.',
      cves: 'Its CVEs.',
      package: 'The name of the package.',
      version: 'The version that is there.',
      severity: 'unknown, low, medium, high or critical.',
      fixedVersion: 'The lowest version without it.',
      exploited: 'Whether it is known to be exploited.',
      notAffected: 'Why it does not concern the image, by a statement of VEX: its justification.',
      firstSeen: 'When the cluster first knew of it.',
      due: 'When it must be gone, by the default table.',
      dueExposed: 'The same for pods that are exposed.',
    },
  },
  'supply/v1.ImageUpdate': {
    text: 'ImageUpdate is a newer image with fewer known vulnerabilities.',
    fields: {
      reference: 'The name and tag that is requested now.',
      image: 'The proposed image with its digest.',
      fixed: 'Vulnerabilities that it does not have any more, at most 50.',
      added: 'Vulnerabilities that only it has, at most 50.',
      remaining: 'How many it has.',
      time: 'When it was found.',
    },
  },
  'supply/v1.AdvisorySource': {
    text: 'AdvisorySource is a source of advisories on vulnerabilities: what is imported under its name is used only if it has this format and is signed by this key.',
    fields: { spec: 'The source.', status: 'What was imported from it.' },
  },
  'supply/v1.AdvisorySourceSpec': {
    text: 'AdvisorySourceSpec is where advisories come from.',
    fields: {
      format: 'osv, debian, alpine, redhat, ubuntu, epss, kev or vex.',
      url: 'Where the cluster fetches it, by HTTPS. Without it, only "bulkhead advisories import" brings it.',
      signatureUrl: 'Where its signature is. Default: url with ".sig".',
      authorities: "PEM of the server's authorities. Without it, those of the system.",
      publicKey: 'PEM of the Ed25519 or ECDSA key that must have signed it. Required where url is set.',
      interval: 'How often it is fetched. Default: 1h.',
      maxSilence: 'After how long without anything new it is silent, which raises an alarm. Default: 168h.',
    },
  },
  'supply/v1.AdvisorySourceStatus': {
    text: 'AdvisorySourceStatus is what was imported from a source.',
    fields: {
      imported: 'When it was last imported.',
      published: 'When its content was published. Older content is refused.',
      entries: 'How many entries it has.',
      digest: 'The digest of what was imported.',
      conditions: 'Ready: its advisories are used. Silent: it has published nothing for longer than maxSilence.',
    },
  },
  'supply/v1.Exception': {
    text: 'Exception accepts known vulnerabilities of images in its namespace although a policy does not, until it expires.',
    fields: { spec: 'Which, who answers for it, and until when.' },
  },
  'supply/v1.ClusterException': {
    text: 'ClusterException accepts known vulnerabilities of images in all namespaces although a policy does not, until it expires.',
    fields: { spec: 'Which, who answers for it, and until when.' },
  },
  'supply/v1.ExceptionSpec': {
    text: 'ExceptionSpec says which findings are accepted: those of these advisories in these images.',
    fields: {
      advisories: 'Ids of advisories or CVEs.',
      images: 'Globs over registry/repository as in ImagePolicy, or digests.',
      owner: 'Who answers for it.',
      reason: 'Why it is needed.',
      expires: 'From when on it has no effect.',
    },
  },
  'supply/v1.ImageRunning': {
    text: 'ImageRunning says where an image runs.',
    fields: { pods: 'How many pods run it.', names: 'Their names as namespace/name, at most 100.' },
  },
  'supply/v1.PodImages': {
    text: 'PodImages is what the supply chain has to know of a Pod, which it is a view of: its images, and nothing of their settings.',
    fields: { spec: 'The images of the pod.' },
  },
  'supply/v1.PodImagesSpec': {
    text: 'PodImagesSpec is the images of a pod.',
    fields: {
      nodeName: 'The node of the pod.',
      phase: 'The phase of the pod, such as Running.',
      images: 'The image of each of its containers.',
    },
  },
  'supply/v1.PodImage': {
    text: 'PodImage is the image of a container.',
    fields: {
      container: 'The name of the container.',
      image: 'The reference in the pod.',
      digest: 'The digest that the node runs; if it runs none yet, the one in the reference.',
    },
  },
}
