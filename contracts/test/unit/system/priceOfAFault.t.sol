// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReceiptFaults} from "../../../src/interfaces/IReceiptFaults.sol";
import {Receipt} from "../../../src/libraries/ReceiptTypes.sol";
import {ReceiptHashHarness} from "../../support/ReceiptHashHarness.sol";
import {System} from "../../support/System.sol";

/// @notice Anybody may prove a fault, the culprit too, and at a moment of its choice: that must not make it cheap.
contract PriceOfAFaultTest is System {
    ReceiptHashHarness private harness;
    address private operator;
    uint256 private signerKey;
    address private signer;
    bytes32 private gatewayId;

    function setUp() public {
        deploySystem();
        harness = new ReceiptHashHarness();
        (signer, signerKey) = account("signer");
        operator = named("operator");
        vm.deal(operator, 10 ether);
        vm.prank(operator);
        gatewayId = providers.register("gateway", operator, operator, bytes32(0));
    }

    function _lane(uint32 index) private returns (bytes32) {
        vm.prank(operator);
        return receipts.registerLane(gatewayId, index, signer, false);
    }

    function _stake(uint256 amount) private {
        vm.prank(operator);
        stakes.stakeProvider{value: amount}(gatewayId);
    }

    function _receipt(bytes32 lane, uint64 seq, bytes32 call) private pure returns (Receipt memory r) {
        (r.kind, r.callId, r.attempt, r.laneId, r.seq) = (2, call, 1, lane, seq);
    }

    function _signed(Receipt memory r) private view returns (IReceiptFaults.Evidence memory e) {
        e.receipt = r;
        e.form = IReceiptFaults.Form.Signed;
        e.signature = signed(signerKey, harness.digest(harness.hash(r), address(receipts)));
    }

    function _twice(bytes32 lane, bytes32 call) private returns (bytes32) {
        return faults.proveDoubleReceipt(_signed(_receipt(lane, 1, call)), _signed(_receipt(lane, 2, call)));
    }

    /// Proven against oneself while next to nothing is staked, in a lane that is given up: nothing is taken, so nothing is done with.
    function test_notSpentBeforeTheStakeIsThere() public {
        bytes32 call = keccak256("the call id of every call to come");
        _stake(2);
        bytes32 throwaway = _lane(7);
        assertEq(_twice(throwaway, call), bytes32(0), "no slash");
        _stake(2 ether);
        assertTrue(_twice(throwaway, call) != 0, "that one still counts");
        assertTrue(_twice(_lane(0), call) != 0, "and the same call in another lane is another fault");
        assertEq(stakes.stakeOf(gatewayId).frozen, 0.8 ether + 2, "a fifth each, rounded up");
    }

    function test_anOldFaultIsStillThereForWhoComesBack() public {
        bytes32 old = _lane(0);
        IReceiptFaults.Evidence memory a = _signed(_receipt(old, 1, "x"));
        IReceiptFaults.Evidence memory b = _signed(_receipt(old, 1, "y"));
        assertEq(faults.proveEquivocation(a, b), bytes32(0), "nothing to slash");
        _stake(2);
        bytes32 proof = keccak256(abi.encode(IReceiptFaults.Fault.Equivocation, old, uint64(1)));
        vm.expectRevert(abi.encodeWithSelector(IReceiptFaults.NothingNew.selector, proof));
        faults.proveEquivocation(a, b);
        _stake(2 ether);
        assertTrue(faults.proveEquivocation(a, b) != 0, "punished");
        assertEq(stakes.stakeOf(gatewayId).frozen, 0.4 ether + 1, "by a fifth, rounded up");
    }

    /// What slashes may take is used up: a little more stake makes a little room, which is not enough for any fault.
    function test_whereTheCapIsUsedUpFaultsWait() public {
        _stake(2 ether);
        bytes32 lane = _lane(0);
        bytes32[4] memory ids;
        for (uint64 seq = 1; seq <= 3; ++seq) {
            ids[seq] = faults.proveEquivocation(_signed(_receipt(lane, seq, "x")), _signed(_receipt(lane, seq, "y")));
        }
        assertEq(stakes.stakeOf(gatewayId).frozen, 1 ether, "the cap");
        IReceiptFaults.Evidence memory a = _signed(_receipt(lane, 4, "x"));
        IReceiptFaults.Evidence memory b = _signed(_receipt(lane, 4, "y"));
        _stake(2);
        assertEq(stakes.slashRoom(gatewayId, true), 1, "room for one wei");
        bytes32 proof = keccak256(abi.encode(IReceiptFaults.Fault.Equivocation, lane, uint64(4)));
        vm.expectRevert(abi.encodeWithSelector(IReceiptFaults.NothingNew.selector, proof));
        faults.proveEquivocation(a, b);
        vm.warp(block.timestamp + 3 days);
        for (uint64 seq = 1; seq <= 3; ++seq) {
            stakes.execute(ids[seq]);
        }
        vm.warp(block.timestamp + 7 days);
        assertTrue(faults.proveEquivocation(a, b) != 0, "and is punished in the next series");
        assertEq(stakes.stakeOf(gatewayId).frozen, 0.2 ether + 1, "by a fifth of what is left, rounded up");
    }

    /// The same call in two lanes is one fault, in whatever order they are named.
    function test_theOrderOfLanesMakesNoOtherFault() public {
        _stake(2 ether);
        IReceiptFaults.Evidence memory a = _signed(_receipt(_lane(0), 1, "x"));
        IReceiptFaults.Evidence memory b = _signed(_receipt(_lane(1), 1, "x"));
        assertTrue(faults.proveDoubleReceipt(a, b) != 0, "punished");
        vm.expectRevert();
        faults.proveDoubleReceipt(b, a);
    }
}
