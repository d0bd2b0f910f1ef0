// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {QuorumBase} from "../support/QuorumBase.sol";

/// @notice What a proof costs its caller. The figures are those of the default profile; the limits hold for the quick one as well.
contract QuorumGasTest is QuorumBase {
    uint64 private epoch;

    function setUp() public override {
        super.setUp();
        epoch = rotate();
    }

    function _verify(string memory name, bytes memory proof_) private returns (uint256) {
        bytes32 digest_ = digest();
        vm.cool(verifier.epochOf(epoch).keysPointer);
        vm.cool(address(bls));
        vm.cool(address(ecdsa));
        vm.cool(address(verifier));
        verifier.verify(digest_, epoch, proof_);
        vm.snapshotGasLastCall(name);
        return vm.lastCallGas().gasTotalUsed;
    }

    function test_threeOfFiveByBls() public {
        assertLe(_verify("Quorum: verify 3 of 5 by BLS", proof(1)), 240_000, "gas");
    }

    function test_fiveOfFiveByBls() public {
        assertLe(_verify("Quorum: verify 5 of 5 by BLS", proof(3)), 245_000, "gas");
    }

    function test_registerByBls() public {
        bytes memory key = keyOf(7);
        bytes memory possession = possessionOf(7, address(0xa11ce));
        vm.prank(address(0xa11ce));
        verifier.registerKey(address(bls), key, possession);
        vm.snapshotGasLastCall("Quorum: register a BLS key");
        assertLe(vm.lastCallGas().gasTotalUsed, 450_000, "gas");
    }

    function test_rotate() public {
        rotate();
        vm.snapshotGasLastCall("Quorum: rotate to BLS keys");
        assertLe(vm.lastCallGas().gasTotalUsed, 700_000, "gas");
    }

    function test_threeOfFiveByEcdsa() public {
        vm.prank(governance);
        verifier.admitScheme(address(ecdsa), true);
        for (uint256 i = 0; i < 5; ++i) {
            members[i] = vm.addr(100 + i);
            stakes.stakeOracle(members[i], true);
            vm.prank(members[i]);
            verifier.registerKey(address(ecdsa), abi.encodePacked(members[i]), "");
        }
        vm.prank(governance);
        epoch = verifier.rotate(address(ecdsa), members);
        bytes32 digest_ = digest();
        bytes memory three = abi.encodePacked(uint8(21), signed(100, digest_), signed(102, digest_), signed(104, digest_));
        assertLe(_verify("Quorum: verify 3 of 5 by ECDSA", three), 60_000, "gas");
    }
}
