import Hummingbird

/// What each request goes through before it reaches its route.
protocol DoorStep: RouterMiddleware where Context == GatewayContext {
  /// What comes behind it.
  typealias Next = (Request, GatewayContext) async throws -> Response
}
