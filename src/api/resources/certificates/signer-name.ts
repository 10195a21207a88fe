// Names of signers: `example.com/signer-name`.
import { dns1123Label, dns1123Subdomain } from '../../validation/names.ts'

const maxDomainLength = 253
const maxPathLength = 571

/** What is wrong with the name of a signer; undefined where it can be used. */
export function signerNameProblem(name: string): string | undefined {
  const [domain = '', path, ...more] = name.split('/')
  if (path === undefined || more.length > 0) {
    return "must be a fully qualified domain and path of the form 'example.com/signer-name'"
  }
  for (const label of domain.split('.')) {
    const [message] = dns1123Label(label)
    if (message !== undefined) return `validating label ${JSON.stringify(label)}: ${message}`
  }
  const wrong = dns1123Subdomain(path)
  if (domain.split('.').length < 2) return `${JSON.stringify(domain)}: should be a domain with at least two segments separated by dots`
  if (wrong.length > 0) return `validating label ${JSON.stringify(path)}: ${wrong[0]}`
  if (domain.length > maxDomainLength || name.length > maxPathLength) return `must be no more than ${maxPathLength} characters`
  return undefined
}
