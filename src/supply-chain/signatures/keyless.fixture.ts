// The trusted root of the private sigstore that has signed the inputs in `test/corpus/claim`, made by @sigstore/mock.

export const trustedRoot: Readonly<Record<string, unknown>> = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [
    {
      baseUrl: 'https://rekor.example.com',
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes:
          'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyNJuIiX6VJNhDmAid3ktkHuubHBZT9u5VKwTCcZd3i0o5qt8UC8RBJ69ntCmTmOH4DCd7FFJtobRzoy/m+H5HA==',
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        validFor: {
          start: '2020-01-01T00:00:00Z',
        },
      },
      logId: {
        keyId: 'BRjW9+wQNfNqAkaBPCYGZ66XFnRQ5Esg9sWKkkLzNHE=',
      },
    },
  ],
  certificateAuthorities: [
    {
      subject: {
        organization: 'example',
        commonName: 'example',
      },
      uri: 'https://ca.example.com',
      certChain: {
        certificates: [
          {
            rawBytes:
              'MIIBqDCCAU6gAwIBAgIBATAKBggqhkjOPQQDAzArMREwDwYDVQQDEwhzaWdzdG9yZTEWMBQGA1UEChMNc2lnc3RvcmUubW9jazAeFw0yNjEyMDExNTM4MjdaFw0yNzEyMDExNTM4MjdaMCsxETAPBgNVBAMTCHNpZ3N0b3JlMRYwFAYDVQQKEw1zaWdzdG9yZS5tb2NrMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8ZIn6LySAHAL50RrLSz/u/UZCgfbgDSb6SqGtjIL7N2lOwVE0xBV0jd+WwiGQLGuti2gNkcVucJBrr2odV0HBKNjMGEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFG/kj3+pgNFwttCCE/rerIMoEiSHMB8GA1UdIwQYMBaAFG/kj3+pgNFwttCCE/rerIMoEiSHMAoGCCqGSM49BAMDA0gAMEUCIAL3NXIbtIC5OoHYg+QCfvJP3nxMkLSWgJfxDFEn+bqRAiEAr1tUOBP2gTUKIHgevHuGPDJ1pMsbEVHkTeq8lvQNkGc=',
          },
        ],
      },
      validFor: {
        start: '2020-01-01T00:00:00Z',
      },
    },
  ],
  ctlogs: [
    {
      baseUrl: 'https://rekor.example.com',
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes:
          'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgZbGZwUDWQ7Wfp2s1fKUg27eep3KxbdNfvqWcDMtpTRfWG2lSeQhOmgmtmCtGwRve08MM5ua82r+zvE6oj5J5g==',
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        validFor: {
          start: '2020-01-01T00:00:00Z',
        },
      },
      logId: {
        keyId: 'zaOGOMfQVYccrdR+Lpo49VAj1Lfqzw/5/ljFDemPvXk=',
      },
    },
  ],
  timestampAuthorities: [
    {
      subject: {
        organization: 'example',
        commonName: 'example',
      },
      uri: 'https://ca.example.com',
      certChain: {
        certificates: [
          {
            rawBytes:
              'MIIBujCCAWGgAwIBAgIBAjAKBggqhkjOPQQDAzAmMQwwCgYDVQQDEwN0c2ExFjAUBgNVBAoTDXNpZ3N0b3JlLm1vY2swHhcNMjYxMjAxMTUzODI3WhcNMjcxMjAxMTUzODI3WjAuMRQwEgYDVQQDEwt0c2Egc2lnbmluZzEWMBQGA1UEChMNc2lnc3RvcmUubW9jazBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN02mAqO7RJ4BSsMeMYbS5ortl2f0BiTvzvelgihBrGyb9Dq+NOtkYZuEwhIjh5m/AxPgclCWrrP8llf5BavTW6jeDB2MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMBYGA1UdJQEB/wQMMAoGCCsGAQUFBwMIMB0GA1UdDgQWBBTIKzIM/CGgj4EfUADqNDDzYC/nvTAfBgNVHSMEGDAWgBTIKzIM/CGgj4EfUADqNDDzYC/nvTAKBggqhkjOPQQDAwNHADBEAiB2+3yeGklQpYztJImZEbnM7PAyxk6Og+zHMFQ7ennLvwIgCidFfiNooulgHyIh0Nwuk2qojB13cIoImqHg7rSFIYw=',
          },
          {
            rawBytes:
              'MIIBnzCCAUSgAwIBAgIBATAKBggqhkjOPQQDAzAmMQwwCgYDVQQDEwN0c2ExFjAUBgNVBAoTDXNpZ3N0b3JlLm1vY2swHhcNMjYxMjAxMTUzODI3WhcNMjcxMjAxMTUzODI3WjAmMQwwCgYDVQQDEwN0c2ExFjAUBgNVBAoTDXNpZ3N0b3JlLm1vY2swWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATdNpgKju0SeAUrDHjGG0uaK7Zdn9AYk7873pYIoQaxsm/Q6vjTrZGGbhMISI4eZvwMT4HJQlq6z/JZX+QWr01uo2MwYTAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUyCsyDPwhoI+BH1AA6jQw82Av570wHwYDVR0jBBgwFoAUyCsyDPwhoI+BH1AA6jQw82Av570wCgYIKoZIzj0EAwMDSQAwRgIhAItZORUsgvTgVWOe5E97PDaF9OLrbQLpB/up+ifJjBMtAiEA6NvG/oF7/OtxRXBH3Oo6ofARNtW2fqRhieH6AxiN/LA=',
          },
        ],
      },
      validFor: {
        start: '2020-01-01T00:00:00Z',
      },
    },
  ],
}
