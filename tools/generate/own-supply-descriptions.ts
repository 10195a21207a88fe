// The texts for `kubectl explain` of supply.bulkhead.dev/v1.

type Texts = Readonly<Record<string, { readonly text: string; readonly fields: Readonly<Record<string, string>> }>>

const policySpec = 'Which images the policy is for, and what must hold for them.'

export const supplyDescriptions: Texts = {
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
        'The highest severity of a finding that is accepted: unknown, low, medium, high or critical. Refused by the cluster, which scans no images yet.',
      maxAge: 'How long ago the image may have been built, such as 720h.',
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
      publicKey: 'PEM (SPKI): ECDSA P-256 or P-384, Ed25519, RSA of at least 2048 bits.',
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
      running: 'The pods that run it.',
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
      source: 'Attestation or Image: signed by its maker, or made from its content.',
      format: 'CycloneDX or SPDX.',
      digest: 'The digest of the document.',
      packages: 'How many packages it has.',
      time: 'When it was read or made.',
    },
  },
  'supply/v1.ImageFindings': {
    text: 'ImageFindings counts the known vulnerabilities of an image by their severity.',
    fields: {
      critical: 'How many are critical.',
      high: 'How many are high.',
      medium: 'How many are medium.',
      low: 'How many are low.',
      unknown: 'How many have no severity.',
      fixable: 'How many have a fixed version.',
      time: 'When it was last matched with advisories.',
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
