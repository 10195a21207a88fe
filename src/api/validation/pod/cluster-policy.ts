// What the operator allows in pods at all, before admission: upstream's `--allow-privileged`.

let privilegedAllowed = true

/**
 * Set once by the composition root, before the first request; as upstream, for the whole process. Upstream's default here is to reject
 * privileged containers; all its installers allow them and leave the decision to admission.
 */
export function allowPrivileged(allowed: boolean): void {
  privilegedAllowed = allowed
}

export function isPrivilegedAllowed(): boolean {
  return privilegedAllowed
}
