/** Begins the message for images that no layout has; apart from the layouts, whose code most evaluations do not need. */
export const notInLayouts = 'no layout of --images has'
