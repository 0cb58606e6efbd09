/**
 * Classes that others name in their types but must not import, as they are imported by them in
 * turn. Each class adds itself by declaration merging, so that modules have no circle.
 */
// biome-ignore lint/suspicious/noEmptyInterface: its members are where the classes are
export interface Classes {}

/** The class `QUICConnection`. */
export type ConnectionClass = Classes extends { QUICConnection: infer C }
  ? C
  : object;

/** The class `QUICServer`. */
export type ServerClass = Classes extends { QUICServer: infer C } ? C : object;
