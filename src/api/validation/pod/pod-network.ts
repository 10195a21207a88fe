// Validation of the parts of a pod spec that concern names and networks: DNS, host aliases, host ports.

import { validateIp } from '../../addresses/ip-address.ts'
import { type FieldError, invalidValue, required } from '../../field-error.ts'
import type { HostAlias, PodDNSConfig, PodSpec } from '../../types/core-v1.ts'
import { exceedsBytes } from '../byte-length.ts'
import { dns1123Subdomain, dns1123SubdomainWithUnderscore } from '../names.ts'
import { pushMessages } from '../object-meta.ts'

/** The limits of libc's resolver. */
const maxNameservers = 3
const maxSearchPaths = 32
const maxSearchCharacters = 2048

export function validateDnsConfig(config: PodDNSConfig | undefined, policy: string | undefined, path: string, errors: FieldError[]): void {
  if (policy === 'None') {
    if (config === undefined) {
      errors.push(required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'))
      return
    }
    if ((config.nameservers?.length ?? 0) === 0) {
      errors.push(required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'))
      return
    }
  }
  if (config === undefined) return
  const { nameservers = [], searches = [], options = [] } = config
  if (nameservers.length > maxNameservers) {
    errors.push(invalidValue(`${path}.nameservers`, nameservers, `must not have more than ${maxNameservers} nameservers`))
  }
  nameservers.forEach((nameserver, index) => {
    validateIp(nameserver, `${path}.nameservers[${index}]`, errors)
  })
  if (searches.length > maxSearchPaths) {
    errors.push(invalidValue(`${path}.searches`, searches, `must not have more than ${maxSearchPaths} search paths`))
  }
  if (exceedsBytes(searches.join(' '), maxSearchCharacters)) {
    const text = `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`
    errors.push(invalidValue(`${path}.searches`, searches, text))
  }
  searches.forEach((search, index) => {
    if (search === '.') return
    const name = search.endsWith('.') ? search.slice(0, -1) : search
    pushMessages(errors, `${path}.searches[${index}]`, name, dns1123SubdomainWithUnderscore(name))
  })
  options.forEach((option, index) => {
    if (!option.name) errors.push(required(`${path}.options[${index}]`, 'must not be empty'))
  })
}

export function validateHostAliases(aliases: readonly HostAlias[] | undefined, path: string, errors: FieldError[]): void {
  aliases?.forEach((alias, index) => {
    validateIp(alias.ip ?? '', `${path}[${index}].ip`, errors)
    alias.hostnames?.forEach((hostname, nameIndex) => {
      pushMessages(errors, `${path}[${index}].hostnames[${nameIndex}]`, hostname, dns1123Subdomain(hostname))
    })
  })
}

/** On the host's network, a container's port is the node's port. Templates may omit it: the pod gets it by default. */
export function validateHostNetworkPorts(spec: PodSpec, isPod: boolean, path: string, errors: FieldError[]): void {
  if (spec.hostNetwork !== true) return
  spec.containers?.forEach((container, index) => {
    container.ports?.forEach((port, portIndex) => {
      const hostPort = port.hostPort ?? 0
      if ((isPod || hostPort !== 0) && hostPort !== (port.containerPort ?? 0)) {
        const at = `${path}.containers[${index}].ports[${portIndex}].hostPort`
        errors.push(invalidValue(at, hostPort, 'must match `containerPort` when `hostNetwork` is true'))
      }
    })
  })
}
