// For tests: a request that its own key has signed, and a certificate.

/** DER in base64, for `CN=a`. */
export const ecRequest =
  'MIHHMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIT4iXfDxsUNiutz0yIxXjS5bs2BAou48PK6S4qu13zWiecIh5npppqYH5TXqra6bTVzWavNKIdg7L5U3JHttrigADAKBggqhkjOPQQDAgNJADBGAiEAyufF4ueefirwnS35mOGuqYFd++OC2M+Z38LjcaE+gL8CIQCWr7rVQIY1mSKB3ReI6LaR93XhSSs9kcixXuWr9e8vmw=='

/** DER in base64, valid for a hundred years. */
export const ecCertificate =
  'MIIBbzCCARWgAwIBAgIUL9WGziK3Kn7qnmjJIB2FKi/KhSkwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjUwMzI3NDNaGA8yMTI2MTEwMTAzMjc0M1owDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIT4iXfDxsUNiutz0yIxXjS5bs2BAou48PK6S4qu13zWiecIh5npppqYH5TXqra6bTVzWavNKIdg7L5U3JHttrijUzBRMB0GA1UdDgQWBBSqLAedvV5GPKAXpzQS1b+iY4CIGTAfBgNVHSMEGDAWgBSqLAedvV5GPKAXpzQS1b+iY4CIGTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIBaI9EcfU3zGoQNOBfKAKFm7KVDsD8c1eCFNEsaMivYTAiEAvG40AWzkj2P3cott3cQQHBoLxzVPYaCF04mFBspJiuw='

/** The PEM block of a base64 DER, encoded in base64 as the API carries it. */
export const pemOf = (type: string, der: string): string =>
  Buffer.from(`-----BEGIN ${type}-----\n${der}\n-----END ${type}-----\n`).toString('base64')
