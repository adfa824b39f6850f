// swift-tools-version:6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
  .enableUpcomingFeature("ExistentialAny"),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
  .enableUpcomingFeature("MemberImportVisibility"),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
  .enableUpcomingFeature("InternalImportsByDefault"),
  // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0480-swiftpm-warning-control.md
  .treatAllWarnings(as: .error),
]

// The kernels choose their instruction set at run time with target attributes, so no architecture
// flag stands here and one binary runs on every x86-64 since AVX2 and on 64-bit Arm.
let kernelSettings: [CSetting] = [
  .unsafeFlags(["-O3", "-fno-math-errno", "-ffp-contract=off"])
]

let package = Package(
  name: "atelier",
  products: [.executable(name: "atelier", targets: ["atelier"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.14.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.34.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.10.0"),
  ],
  targets: [
    // Engine: Tensor <- UnCLIP -> Imaging. Knows nothing of the cluster.
    .target(name: "CKernels", cSettings: kernelSettings),
    .systemLibrary(name: "COpenBLAS"),
    .systemLibrary(name: "CPNG"),
    .systemLibrary(name: "CJPEG"),
    .systemLibrary(name: "CWebP"),
    .systemLibrary(name: "CGIF"),
    .target(
      name: "Tensor", dependencies: ["CKernels"], swiftSettings: swiftSettings),
    .target(name: "Imaging", dependencies: ["CPNG", "CJPEG", "CWebP", "CGIF"], swiftSettings: swiftSettings),
    .target(
      name: "UnCLIP",
      dependencies: [
        "Tensor", "Imaging", "CLinux", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HeapModule", package: "swift-collections"),
      ],
      swiftSettings: swiftSettings),

    // Cluster: Coordinator and Worker meet only in Shared, SQLite is the Store's alone.
    .systemLibrary(name: "CZeroMQ"),
    .systemLibrary(name: "CLinux"),
    .target(
      name: "Shared",
      dependencies: [
        "CZeroMQ", "Yams",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Store",
      dependencies: [
        "Shared", "CLinux",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Coordinator",
      dependencies: [
        "Store", "Shared",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Worker",
      dependencies: [
        "Shared", "UnCLIP", "Imaging", "Tensor",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swiftSettings),
    .target(name: "Dashboard", resources: [.embedInCode("Files")], swiftSettings: swiftSettings),
    .target(
      name: "Gateway",
      dependencies: [
        "Coordinator", "Dashboard", "Shared",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "atelier",
      dependencies: [
        "Gateway", "Coordinator", "Store", "Worker", "Shared", "UnCLIP", "Imaging", "Tensor", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOFoundationCompat", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: swiftSettings,
      // A bundle for another host keeps the shared libraries beside the binary.
      linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/lib"])]),

    // Many simulated workers in one process, for scripts/bench/scale.
    .executableTarget(
      name: "fleet",
      dependencies: ["Shared", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "Benchmarks/Fleet", swiftSettings: swiftSettings),

    .target(
      name: "TestSupport",
      dependencies: ["Shared", .product(name: "GRDB", package: "GRDB.swift")], path: "Tests/TestSupport",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TensorTests", dependencies: ["Tensor", "CKernels", "COpenBLAS", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImagingTests", dependencies: ["Imaging", "TestSupport"], exclude: ["Fixtures"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "UnCLIPTests", dependencies: ["UnCLIP", "Tensor", "Imaging", "TestSupport"],
      exclude: ["Fixtures"], swiftSettings: swiftSettings),
    .testTarget(
      name: "SharedTests",
      dependencies: [
        "Shared", "TestSupport", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"), .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "StoreTests",
      dependencies: ["Store", "Shared", "TestSupport", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "CoordinatorTests",
      dependencies: [
        "Coordinator", "Store", "Shared", "TestSupport", .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "WorkerTests", dependencies: ["Worker", "Shared", "Tensor", "UnCLIP", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "Gateway", "Coordinator", "Dashboard", "Store", "Shared", "TestSupport",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "AtelierTests",
      dependencies: [
        "atelier", "Imaging", "Shared", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ClusterTests",
      dependencies: [
        "atelier", "Coordinator", "Store", "Worker", "Shared", "Imaging", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SimulationTests",
      dependencies: [
        "Coordinator", "Store", "Worker", "Shared", "TestSupport",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "HeapModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6]
)
