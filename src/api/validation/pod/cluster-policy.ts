// What the operator lets pods ask for at all, before any admission: upstream's `--allow-privileged`.

let privilegedAllowed = true

/**
 * Set once by the composition root, before the first request; it holds for the whole process, as in upstream.
 * Upstream's own default is to refuse privileged containers here; every installer of it allows them and leaves the decision to admission.
 */
export function allowPrivileged(allowed: boolean): void {
  privilegedAllowed = allowed
}

export function isPrivilegedAllowed(): boolean {
  return privilegedAllowed
}
