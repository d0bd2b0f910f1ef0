// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {QuorumBase} from "../../support/QuorumBase.sol";
import {Vm} from "../../support/Vm.sol";

contract RotateTest is QuorumBase {
    function _refused(bytes memory data) private {
        vm.prank(governance);
        vm.expectRevert(data);
        verifier.rotate(address(bls), members);
    }

    function test_opensTheFirst() public {
        vm.recordLogs();
        assertEq(rotate(), 1, "epoch");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1, "nothing closes");
        IQuorumVerifier.Epoch memory set = verifier.epochOf(1);
        assertEq(logs[0].topics[0], IQuorumVerifier.EpochOpened.selector, "event");
        assertEq(uint256(logs[0].topics[1]), 1, "event's epoch");
        assertEq(logs[0].topics[2], bytes32(uint256(uint160(address(bls)))), "event's scheme");
        assertEq(logs[0].data, abi.encode(members, set.keysPointer), "event's data");
        assertEq(set.scheme, address(bls), "scheme");
        assertEq(set.validFrom, START, "from");
        assertEq(set.validUntil, 0, "open");
        assertEq(abi.encode(set.operators), abi.encode(members), "operators");
        assertEq(abi.encode(verifier.operators()), abi.encode(members), "current operators");
        assertEq(SSTORE2.read(set.keysPointer), vectorKeys(), "keys in order");
    }

    function test_closesTheOneBeforeAfterTheOverlap() public {
        rotate();
        vm.warp(START + 10);
        vm.expectEmit(address(verifier));
        emit IQuorumVerifier.EpochClosed(1, START + 10 + OVERLAP);
        assertEq(rotate(), 2, "epoch");
        assertEq(verifier.currentEpoch(), 2, "current");
        assertEq(verifier.epochOf(1).validUntil, START + 10 + OVERLAP, "overlap");
    }

    /// A set that is found bad is ended by rotating twice: no set but the one before overlaps.
    function test_endsTheOneBeforeThatAtOnce() public {
        rotate();
        vm.warp(START + 10);
        rotate();
        vm.warp(START + 20);
        vm.expectEmit(address(verifier));
        emit IQuorumVerifier.EpochClosed(2, START + 20 + OVERLAP);
        vm.expectEmit(address(verifier));
        emit IQuorumVerifier.EpochClosed(1, START + 20);
        rotate();
        assertEq(verifier.epochOf(1).validUntil, START + 20, "cut short");
    }

    function test_whatHasEndedIsLeftAlone() public {
        rotate();
        rotate();
        vm.warp(START + OVERLAP);
        rotate();
        assertEq(verifier.epochOf(1).validUntil, START + OVERLAP, "as it was");
    }

    function test_overlapIsThatOfTheRotation() public {
        rotate();
        rotate();
        params.set(Params.EPOCH_OVERLAP, 24 hours);
        assertEq(verifier.epochOf(1).validUntil, START + OVERLAP, "as it was");
    }

    function testFuzz_onlyGovernance(address caller) public {
        vm.assume(caller != governance);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        verifier.rotate(address(bls), members);
    }

    function test_schemeMustBeAdmitted() public {
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.SchemeNotAdmitted.selector, address(ecdsa)));
        verifier.rotate(address(ecdsa), members);
    }

    function testFuzz_operatorTwice(uint256 i, uint256 j) public {
        i = bound(i, 0, 4);
        j = bound(j, 0, 4);
        vm.assume(i != j);
        members[i] = members[j];
        _refused(abi.encodeWithSelector(IQuorumVerifier.OperatorTwice.selector, members[j]));
    }

    function testFuzz_zeroOperator(uint256 i) public {
        members[bound(i, 0, 4)] = address(0);
        _refused(abi.encodeWithSelector(IQuorumVerifier.ZeroAddress.selector));
    }

    function testFuzz_operatorNotStaked(uint256 i) public {
        i = bound(i, 0, 4);
        stakes.stakeOracle(members[i], false);
        _refused(abi.encodeWithSelector(IQuorumVerifier.OperatorNotStaked.selector, members[i]));
    }

    function testFuzz_keyMissing(uint256 i) public {
        address nobody = address(0xdead);
        stakes.stakeOracle(nobody, true);
        members[bound(i, 0, 4)] = nobody;
        _refused(abi.encodeWithSelector(IQuorumVerifier.KeyMissing.selector, nobody, address(bls)));
    }

    /// A key counts under the scheme for which it was proven only.
    function test_keyOfAnotherScheme() public {
        vm.prank(governance);
        verifier.admitScheme(address(ecdsa), true);
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(IQuorumVerifier.KeyMissing.selector, members[0], address(ecdsa)));
        verifier.rotate(address(ecdsa), members);
    }
}
