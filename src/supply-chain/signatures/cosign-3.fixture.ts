// What cosign 3.1.1 (Debian's package) has put into a registry: `cosign sign --key` with an empty signing configuration, and `cosign attest`.

export const digest = 'sha256:22806aa82266911c1abd6329d7293ae07256fbd095f2c406839143d929afb3f1'

export const publicKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUEqKRPzN1sj+L7DhDW2IFAfzKwmV
dzcPMv0d5pLL8RgnnXaz+HPtX1WkmnWDnvitvxSNiSVh8YhR2+vYjGMT4w==
-----END PUBLIC KEY-----
`

export const bundles: readonly object[] = [
  {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      publicKey: {
        hint: 'lPxsodjig8GP5G/Hl0A98DMqLapemqCfkjHQU/NfpYk=',
      },
    },
    dsseEnvelope: {
      payload:
        'eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJkaWdlc3QiOnsic2hhMjU2IjoiMjI4MDZhYTgyMjY2OTExYzFhYmQ2MzI5ZDcyOTNhZTA3MjU2ZmJkMDk1ZjJjNDA2ODM5MTQzZDkyOWFmYjNmMSJ9LCJhbm5vdGF0aW9ucyI6e319XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vc2lnc3RvcmUuZGV2L2Nvc2lnbi9zaWduL3YxIiwicHJlZGljYXRlIjp7fX0=',
      payloadType: 'application/vnd.in-toto+json',
      signatures: [
        {
          sig: 'MEQCIH5qC1zMPXXfMyJuxNhQqdoYgapyOW1UASdWdkUUPk5yAiAxLbjyuosgwKkTF/qHFCRO2SbzFh7/0ho8ou0hFo4XeQ==',
        },
      ],
    },
  },
  {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      publicKey: {
        hint: 'lPxsodjig8GP5G/Hl0A98DMqLapemqCfkjHQU/NfpYk=',
      },
    },
    dsseEnvelope: {
      payload:
        'eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjAuMSIsInN1YmplY3QiOlt7Im5hbWUiOiIxMjcuMC4wLjE6MzgyMjcvc2hvcC93ZWIiLCJkaWdlc3QiOnsic2hhMjU2IjoiMjI4MDZhYTgyMjY2OTExYzFhYmQ2MzI5ZDcyOTNhZTA3MjU2ZmJkMDk1ZjJjNDA2ODM5MTQzZDkyOWFmYjNmMSJ9fV0sInByZWRpY2F0ZVR5cGUiOiJodHRwczovL3Nsc2EuZGV2L3Byb3ZlbmFuY2UvdjEiLCJwcmVkaWNhdGUiOnsiYnVpbGREZWZpbml0aW9uIjp7ImJ1aWxkVHlwZSI6Imh0dHBzOi8vZXhhbXBsZS5jb20vYiIsImV4dGVybmFsUGFyYW1ldGVycyI6e319LCJydW5EZXRhaWxzIjp7ImJ1aWxkZXIiOnsiaWQiOiJodHRwczovL2NpIn19fX0=',
      payloadType: 'application/vnd.in-toto+json',
      signatures: [
        {
          sig: 'MEUCIG7piHxc6Pp+XWs3KsPCGFKLqqzer7r0A2HjSrQS4uXKAiEA+mQnr29UJWy9OCB7Nng7nJJiNYTTA5E7+hd+xDhGgNw=',
        },
      ],
    },
  },
]
